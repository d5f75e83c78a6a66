import { concatBytes, utf8 } from '../lib/digest.ts'
import { written } from '../lib/headroom.ts'

/** What the places of a template stand for. */
export interface Filling {
  id: string
  time: string
  method: string
  url: string
  body: Uint8Array<ArrayBuffer>
}

type Place = keyof Filling
type Part = { text: string } | { place: Place }

const PLACES = ['id', 'time', 'method', 'url', 'body']

/** What is signed, in order: `v0:{time}:{body}`. Compiled once; throws a TypeError for a place that nobody knows. */
export function compileTemplate(template: string): (filling: Filling) => Uint8Array<ArrayBuffer> {
  const parts = partsOf(template)
  // Most providers sign the body alone, and then nothing is copied.
  if (template === '{body}') return ({ body }) => body
  return (filling) => {
    let before = ''
    let after = ''
    let isBehind = false
    for (const part of parts) {
      if ('place' in part && part.place === 'body') isBehind = true
      else {
        const text = 'text' in part ? part.text : filling[part.place as Exclude<Place, 'body'>]
        if (isBehind) after += text
        else before += text
      }
    }
    return joined(before, filling.body, after)
  }
}

/** The body between two texts. */
function joined(before: string, body: Uint8Array<ArrayBuffer>, after: string): Uint8Array<ArrayBuffer> {
  const inPlace = after === '' ? written(before, body) : undefined
  if (inPlace) return inPlace
  const whole = new Uint8Array(before.length + body.length + after.length)
  if (!writeAscii(before, whole, 0) || !writeAscii(after, whole, before.length + body.length)) {
    return concatBytes(utf8(before), body, utf8(after))
  }
  whole.set(body, before.length)
  return whole
}

/** Writes a text of ASCII, as times, ids and most URLs are: a call of the encoder costs more. False for any other. */
function writeAscii(text: string, into: Uint8Array, at: number): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code > 127) return false
    into[at + i] = code
  }
  return true
}

/** The places that a template has. */
export const placesOf = (template: string): Place[] =>
  partsOf(template).flatMap((part) => ('place' in part ? [part.place] : []))

function partsOf(template: string): Part[] {
  return template.split(/(\{[^{}]*\})/).flatMap((piece): Part[] => {
    if (piece === '') return []
    if (!piece.startsWith('{')) return [{ text: piece }]
    const place = piece.slice(1, -1)
    if (!PLACES.includes(place)) {
      throw new TypeError(
        `signs: '${piece}' is not known; use ${PLACES.map((name) => `{${name}}`).join(', ')}`,
      )
    }
    return [{ place: place as Place }]
  })
}
