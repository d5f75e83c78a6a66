import { expect, test } from 'vitest'
import { compileTemplate, placesOf } from '../../../src/webhooks/template.ts'

const body = new Uint8Array(Buffer.from('{}'))
const filling = { id: 'i', time: 't', method: 'POST', url: 'u', body }

test.each([
  ['{body}', '{}'],
  ['{time}.{body}', 't.{}'],
  ['{method}\n{url}\n{body}.{id}', 'POST\nu\n{}.i'],
])('%j is what is signed', (template, expected) => {
  expect(Buffer.from(compileTemplate(template)(filling)).toString()).toBe(expected)
})

test.each(['', 'text', '{time}', '{body}{body}', '{body}.{time}.{body}'])(
  '%j has not one body',
  (template) => {
    expect(() => compileTemplate(template)).toThrow(`signs: '${template}' has to have {body}, once`)
  },
)

test('a place that nobody knows stops the load', () => {
  expect(() => placesOf('{body}{secret}')).toThrow("signs: '{secret}' is not known; use {id}, {time}")
})
