import { utf8 } from '../lib/digest.ts'
import { hmacSha256 } from '../webhooks/algorithms.ts'
import type { TimeUnit } from '../webhooks/clock.ts'
import { compileForm } from '../webhooks/encoding.ts'
import { text as textKey } from '../webhooks/keys.ts'
import type { SignedProof } from '../webhooks/signed.ts'
import { compileTemplate } from '../webhooks/template.ts'
import { isObject, objectIn } from './check-signable.ts'
import type { SignedDelivery } from './delivery.ts'
import { makeSignature } from './make-signature.ts'
import type { Draft } from './sign.ts'

/** A time as providers write it. */
export const writtenTime = (now: number, unit: TimeUnit = 's'): string =>
  unit === 'iso' ? new Date(now).toISOString() : String(unit === 's' ? Math.floor(now / 1000) : now)

/** Writes the signature, the time and the id into the headers that the scheme reads them from. */
export async function signHeaders({ by }: SignedProof, draft: Draft): Promise<SignedDelivery> {
  const { time: timeField, signature, idHeader } = by
  const keys = by.keys ?? [{ algorithm: hmacSha256, decode: textKey }]
  const forms = typeof signature.form === 'string' ? [signature.form] : signature.form
  const time = timeField ? writtenTime(draft.now, timeField.unit) : ''
  const body =
    timeField?.body === undefined ? draft.body : withMember(draft.body, timeField.body, Number(time))
  const compose = typeof by.signs === 'function' ? by.signs : compileTemplate(by.signs)
  const { method, url, id, now, privateKey } = draft
  const own: Record<string, string> = {
    ...draft.headers,
    ...(idHeader !== undefined && { [idHeader]: id }),
    ...(timeField?.header !== undefined && { [timeField.header]: time }),
  }
  const headers = new Map(new Headers(own))
  const message = await compose({ method, url, headers, now, body: utf8(body), id, time })
  if (!message) throw new TypeError('sign: the request is not of the provider’s form')
  const items: string[] = []
  for (const secret of draft.secrets.length > 0 ? draft.secrets : ['']) {
    const at =
      keys.length === 1
        ? 0
        : Math.max(
            0,
            keys.findIndex(({ decode }) => decode(secret)),
          )
    const key = keys[at]
    const form = keys.length === forms.length ? forms[at] : forms[0]
    if (!key || form === undefined) throw new TypeError('sign: the scheme has no key')
    const { prefix, encoding } = compileForm(form, undefined)
    items.push(prefix + encoding.encode(await makeSignature(key, { secret, privateKey }, message)))
  }
  const first = timeField?.item === undefined ? [] : [timeField.item + time]
  const names = typeof signature.header === 'string' ? [signature.header] : signature.header
  const [name = ''] = names
  if (names.length > 1) for (const [at, item] of items.entries()) own[names[at] ?? name] = item
  else if (signature.lists === undefined) own[name] = [...first, ...items].join(signature.list ?? '')
  else own[name] = items.map((item) => [...first, item].join(signature.list)).join(signature.lists)
  return { method, url, headers: own, body }
}

/** The JSON with one member set, at a path with dots; throws a TypeError for a text that has no such place. */
export function withMember(json: string, path: string, value: unknown): string {
  const whole = objectIn(json)
  const names = path.split('.')
  let place = whole
  for (const name of names.slice(0, -1)) {
    const inner = Object.hasOwn(place, name) ? place[name] : undefined
    if (!isObject(inner)) throw new TypeError(`sign: body: has no object at ${name}, where ${path} stands`)
    place = inner
  }
  place[names.at(-1) ?? ''] = value
  return JSON.stringify(whole)
}
