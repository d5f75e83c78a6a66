import { around } from '../lib/margins.ts'

/** What the places of a template stand for. */
export interface Filling {
  id: string
  time: string
  method: string
  url: string
  body: Uint8Array<ArrayBuffer>
}

type Place = keyof Filling
type TextPlace = Exclude<Place, 'body'>
/** A place, or the text between two. */
type Part = { place: Place } | string

const PLACES = ['id', 'time', 'method', 'url', 'body']

/** What is signed, in order: `v0:{time}:{body}`. Compiled once; throws a TypeError for a place that nobody knows, and unless it has one body. */
export function compileTemplate(template: string): (filling: Filling) => Uint8Array<ArrayBuffer> {
  const parts = partsOf(template)
  const [body, another] = parts.flatMap((part, at) => (isBody(part) ? [at] : []))
  if (body === undefined || another !== undefined)
    throw new TypeError(`signs: '${template}' has to have {body}, once`)
  const before = parts.slice(0, body)
  const after = parts.slice(body + 1)
  if (parts.length === 1) return (filling) => filling.body
  return (filling) => around(filled(before, filling), filling.body, filled(after, filling))
}

function filled(parts: readonly Part[], filling: Filling): string {
  let text = ''
  for (const part of parts) text += typeof part === 'string' ? part : filling[part.place as TextPlace]
  return text
}

const isBody = (part: Part): boolean => typeof part !== 'string' && part.place === 'body'

/** The places that a template has. */
export const placesOf = (template: string): Place[] =>
  partsOf(template).flatMap((part) => (typeof part === 'string' ? [] : [part.place]))

function partsOf(template: string): Part[] {
  return template.split(/(\{[^{}]*\})/).flatMap((piece): Part[] => {
    if (piece === '') return []
    if (!piece.startsWith('{')) return [piece]
    const place = piece.slice(1, -1)
    if (!PLACES.includes(place)) {
      throw new TypeError(
        `signs: '${piece}' is not known; use ${PLACES.map((name) => `{${name}}`).join(', ')}`,
      )
    }
    return [{ place: place as Place }]
  })
}
