import { revocable } from '../revocable.ts'

/** One way to revoke a token, for who looks at it. */
export interface RevokeCommand {
  /** What is revoked. */
  what: string
  /** The command for a POSIX shell, or undefined where its name cannot be pasted. */
  command: string | undefined
}

/** The commands that revoke under the names that a token proves, in the order of what they take away. */
export function revokeCommands(issuer: string, names: readonly string[]): RevokeCommand[] {
  const kinds = [
    { kind: 'token', what: 'this token', prefix: revocable.token(issuer, '') },
    { kind: 'session', what: 'its session', prefix: revocable.session(issuer, '') },
    { kind: 'subject', what: 'its subject', prefix: revocable.subject(issuer, '') },
  ]
  const ofIssuer = kinds.flatMap(({ kind, what, prefix }) =>
    names
      .filter((name) => name.startsWith(prefix))
      .map((name) => ({ what, command: commandOf([kind], name.slice(prefix.length), ['--issuer', issuer]) })),
  )
  if (!names.includes(revocable.issuer(issuer))) return ofIssuer
  const command = commandOf(['issuer'], issuer, ['--issued-before', 'now'])
  return [...ofIssuer, { what: 'all of its issuer, up to now', command }]
}

function commandOf(kind: readonly string[], which: string, options: readonly string[]): string | undefined {
  // A terminal or a clipboard may lose what it does not show.
  if (/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(which)) return undefined
  // What begins like an option stands behind the mark that ends them.
  const words = which.startsWith('-') ? [...kind, ...options, '--', which] : [...kind, which, ...options]
  return ['npm run revoke --', ...words.map(quoted)].join(' ')
}

/** One word of a POSIX shell. */
export const quoted = (word: string): string =>
  /^[A-Za-z0-9_@%+:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
