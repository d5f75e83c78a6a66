import type { Sample } from './vector-file.ts'

/** A sample's text with its places filled: a fresh `{{uuid}}` each time, and the time as seconds, milliseconds or ISO 8601. */
export const filled = (text: string, now: number): string =>
  text
    .replaceAll('{{uuid}}', () => crypto.randomUUID())
    .replaceAll('{{seconds}}', () => String(Math.floor(now / 1000)))
    .replaceAll('{{milliseconds}}', () => String(now))
    .replaceAll('{{iso}}', () => new Date(now).toISOString())

/** The sample's body as text. A member that is nothing but `"{{seconds}}"` or `"{{milliseconds}}"` becomes a number. */
export function filledBody({ body }: Sample, now: number): string {
  if (typeof body === 'string') return filled(body, now)
  return filled(JSON.stringify(body).replaceAll(/"(\{\{(?:milli)?seconds\}\})"/g, '$1'), now)
}
