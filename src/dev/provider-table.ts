import type { Facts, Proof, Scheme } from '../webhooks/scheme.ts'
import type { SignedProof } from '../webhooks/signed.ts'
import type { Entry } from './catalog.ts'

const COLUMNS = [
  'provider',
  'signature covers',
  'against replay',
  'tolerance',
  'rotation',
  'waits',
  'redelivery',
  'handshake',
  'source',
  'checked',
] as const

/** The page about all providers, out of their entries: Markdown. */
export function providerPage(entries: readonly Entry[]): string {
  const count = (of: (entry: Entry) => boolean) => entries.filter(of).length
  const timed = count(({ scheme }) => scheme.proof.tolerance !== undefined)
  const whole = count(({ scheme }) => scheme.proof.covers === 'body')
  const part = count(({ scheme }) => scheme.proof.covers === 'part')
  return `# Providers

Written by \`npm run docs\` out of the entries in this folder; a test fails where it is not what they say.

${entries.length} schemes: the signature of ${whole} covers the body, of ${part} a part of it, and ${entries.length - whole - part} sign nothing. ${timed} sign a time.

- **signature covers**: a template with its places, or the same in words.
- **against replay**: what a delivery is known by. \`id\` is the provider's own, inside of what is signed; \`digest\` is SHA-256 of what is
  signed, so that two genuine deliveries with the same bytes are one for \`replay.ttl\`; \`none\` means that nothing is claimed.
- **tolerance**: how old a signed time may be. Into the future it is the same, and never more than five minutes. Routes may change it.
- **waits**: how long the provider waits for an answer, which is the default of \`forward.timeout\`.
- **redelivery**: whether a delivery that failed comes again by itself, and for how long. "not known" is no promise either way.
- What a signature does not cover stands below the table, provider by provider, with what else is worth knowing.

| ${COLUMNS.join(' | ')} |
|${COLUMNS.map(() => ' --- |').join('')}
${entries.map((entry) => `| ${rowOf(entry).map(cell).join(' | ')} |`).join('\n')}

## Worth knowing

${entries.flatMap(notesOf).join('\n')}
`
}

const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('\n', ' ')

function rowOf({ name, scheme, facts }: Entry): string[] {
  const { proof } = scheme
  return [
    `[${facts.title}](${name}.ts)`,
    coverage(scheme, facts),
    protection(scheme, facts),
    proof.tolerance ? seconds(proof.tolerance.pastSeconds) : 'no time signed',
    facts.rotation,
    scheme.timeoutSeconds === undefined ? 'not known' : seconds(scheme.timeoutSeconds),
    redelivery(scheme.redelivery),
    handshake(scheme),
    facts.source,
    facts.checked,
  ]
}

/** The template of the proof in the words of the scheme, else what the entry says in others. */
function coverage({ name, proof }: Scheme, { signs }: Facts): string {
  const template = templateOf(proof)
  if (template !== undefined) return `\`${template}\``
  if (proof.covers === 'nothing') return 'nothing'
  if (signs === undefined) throw new TypeError(`${name}: facts.signs: is missing; say what is signed`)
  return signs
}

/** What is signed, where a template says it; undefined where a function puts it together. */
export function templateOf(proof: Proof): string | undefined {
  const signs = proof.kind === 'signed' ? (proof as SignedProof).by.signs : undefined
  return typeof signs === 'string' ? signs : undefined
}

function protection({ proof, replay, bodyId }: Scheme, { signedId }: Facts): string {
  const idHeader = proof.kind === 'signed' ? (proof as SignedProof).by.idHeader : undefined
  if (replay === 'none' || proof.covers === 'nothing') return 'none'
  const id = idHeader ?? bodyId ?? signedId
  const known = id === undefined ? 'digest' : `id (\`${id}\`)`
  return proof.tolerance ? `${known}, time` : known
}

/** `3 d`, `27 h 35 min`, `2 min 35 s`: whole days, else two units. */
function seconds(count: number): string {
  if (count % 86_400 === 0) return `${count / 86_400} d`
  const parts = [
    [Math.floor(count / 3600), 'h'],
    [Math.floor(count / 60) % 60, 'min'],
    [count % 60, 's'],
  ] as const
  const first = parts.findIndex(([value]) => value > 0)
  const shown = parts.slice(first, first + 2).filter(([value]) => value > 0)
  return shown.map(([value, unit]) => `${value} ${unit}`).join(' ')
}

function redelivery({ automatic, horizonSeconds }: Scheme['redelivery']): string {
  if (!automatic && horizonSeconds > 0) return `where it is switched on: ${seconds(horizonSeconds)}`
  if (!automatic) return 'not by itself, or not known'
  return horizonSeconds === 0 ? 'yes, nobody says for how long' : seconds(horizonSeconds)
}

function handshake({ handshake, greeting }: Scheme): string {
  const kinds = [handshake && 'signed', greeting && 'unsigned'].filter(Boolean)
  return kinds.length === 0 ? 'none' : `${kinds.join(' and ')}, answered here`
}

function notesOf({ facts }: Entry): string[] {
  const unsigned = facts.unsigned?.map((name) => `\`${name}\``).join(', ')
  const parts = [
    unsigned && `Not signed: ${unsigned}`,
    facts.trap,
    facts.disablesAfter && `The provider stops sending after ${facts.disablesAfter}`,
  ].filter((part) => part !== undefined)
  return parts.length === 0 ? [] : [`- **${facts.title}**. ${parts.map(sentence).join(' ')}`]
}

/** With a capital at its beginning and a full stop at its end. */
const sentence = (text: string) =>
  text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? '' : '.')
