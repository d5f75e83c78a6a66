import type { Explanation, Row } from './explain-token.ts'
import { revokeCommands } from './revoke-commands.ts'
import { shown } from './token-values.ts'

const LONGEST_LIST = 20

/** The table that people read: no part of the token but short values of its header and claims. */
export function tableOf({ rows, principal, revocable }: Explanation): string {
  const width = Math.max(...rows.map(({ check }) => check.length))
  const told = rows.flatMap((row) => linesOf(row, width))
  if (principal !== undefined) {
    const { issuer, sub, clientId, scopes, roles } = principal
    told.push(
      '',
      `  issuer   ${issuer}`,
      `  subject  ${shown(sub)}`,
      `  client   ${shown(clientId)}`,
      `  scopes   ${listed(scopes)}`,
      `  roles    ${listed(roles)}`,
      '',
      '  can be revoked with SALLYPORT_URL or --url https://… of the gateway:',
      ...revokeLines(issuer, revocable),
    )
  }
  return told.map(printable).join('\n')
}

/** How many checks have failed, and which were not made. */
export function summaryOf({ rows }: Explanation): string {
  const failed = rows.filter(({ result }) => result === 'fail').length
  const open = rows.filter(({ result }) => result === 'not checked').map(({ check }) => check)
  const told = failed === 0 ? 'No check failed' : `${failed} failed`
  if (open.length === 0) return `${told}.`
  return `${told}, ${open.length} ${open.length === 1 ? 'was' : 'were'} not made: ${open.join(', ')}.`
}

function linesOf({ check, result, why, wanted, found }: Row, width: number): string[] {
  const first = `  ${check.padEnd(width)}  ${result.padEnd(11)}  `
  if (result !== 'fail') return [`${first}${[why, found ?? ''].filter(Boolean).join('; ')}`.trimEnd()]
  const more = { wanted, found }
  return [
    `${first}${why}`,
    ...Object.entries(more).flatMap(([name, value]) =>
      value === undefined ? [] : [`${' '.repeat(first.length)}${name.padEnd(6)}  ${value}`],
    ),
  ]
}

function revokeLines(issuer: string, revocable: readonly string[]): string[] {
  const commands = revokeCommands(issuer, revocable)
  const width = Math.max(...commands.map(({ what }) => what.length))
  const hidden = 'no command that can be pasted: its name has characters that are not shown'
  return commands.map(({ what, command = hidden }) => `    ${what.padEnd(width)}  ${command}`)
}

function listed(names: readonly string[]): string {
  const more = names.length - LONGEST_LIST
  const told = names.slice(0, LONGEST_LIST).map(shown).join(' ') || 'none'
  return more > 0 ? `${told} and ${more} more` : told
}

/** Texts of a token are a stranger's: what would steer a terminal is shown, not sent to it. */
const printable = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, '\ufffd')
