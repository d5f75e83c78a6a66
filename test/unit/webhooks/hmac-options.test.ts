import { expect, test } from 'vitest'
import { type HmacWebhookOptions, hmacWebhook } from '../../../src/webhooks/index.ts'

const base: HmacWebhookOptions = {
  name: 'acme',
  secret: 'STANDARD_WEBHOOK_SECRET',
  signature: { header: 'x-acme-signature', form: '{hex}' },
  signs: '{body}',
}

const wrong: [string, Record<string, unknown>, string][] = [
  ['a misspelt option', { sign: '{body}' }, 'acme: sign: is not an option'],
  ['no name', { name: undefined }, 'hmacWebhook: name: is missing'],
  ['a name with a space', { name: 'a b' }, "name: is 'a b'"],
  [
    'no secret',
    { secret: undefined },
    'acme: secret: is missing; name the Worker secret that holds the secret as text',
  ],
  ['no signature', { signature: undefined }, 'signature: is missing'],
  [
    'a header with capitals',
    { signature: { header: 'X-Sig', form: '{hex}' } },
    "signature.header: is 'X-Sig'",
  ],
  ['a form without a place', { signature: { header: 'x', form: 'sha256=' } }, 'signature.form: '],
  ['a form with text behind the place', { signature: { header: 'x', form: '{hex};' } }, 'signature.form: '],
  ['an unknown separator', { signature: { header: 'x', form: '{hex}', list: '|' } }, 'signature.list'],
  ['an unknown hash', { hash: 'MD5' }, "hash: 'MD5' is not known"],
  [
    'a signature that does not cover the body',
    { signs: '{time}', time: { header: 't' } },
    'signs: does not hold {body}',
  ],
  ['the body twice', { signs: '{body}{body}' }, 'signs: does not hold {body} once'],
  ['an unknown place', { signs: '{nonce}.{body}' }, "signs: '{nonce}' is not known"],
  ['an id that runs into the body', { signs: '{id}{body}', idHeader: 'i' }, 'signs: could be cut'],
  [
    'an id that ends with a colon, which ids have',
    { signs: '{id}:{time}:{body}', idHeader: 'i', time: { header: 't' } },
    'signs: could be cut',
  ],
  ['an id behind a body that does not end', { signs: '{body}{id}', idHeader: 'i' }, 'signs: could be cut'],
  ['an id behind a body and a letter', { signs: '{body}-{id}', idHeader: 'i' }, 'signs: could be cut'],
  ['a URL that ends with a dot, which queries have', { signs: '{url}.{body}' }, 'signs: could be cut'],
  ['a URL behind a body', { signs: '{body}.{url}' }, 'signs: could be cut'],
  ['a method that runs into the URL', { signs: '{method}{url}\n{body}' }, 'signs: could be cut'],
  [
    'a horizon of 500 days',
    { redelivery: { automatic: true, horizonSeconds: 500 * 86_400 } },
    'redelivery.horizonSeconds: is',
  ],
  ['no horizon', { redelivery: { automatic: true } }, 'redelivery.horizonSeconds: is missing'],
  ['a success that is none', { acknowledgement: { status: 700 } }, 'acknowledgement.status: is 700'],
  ['an id path that is a number', { bodyId: 5 }, 'bodyId: is 5'],
  ['a time that is not signed', { time: { header: 't' } }, 'time: and {time} in signs belong together'],
  ['a signed time that stands nowhere', { signs: '{time}.{body}' }, 'time: and {time} in signs'],
  [
    'a time in two places',
    { signs: '{time}.{body}', time: { header: 't', item: 't=' } },
    'time: needs one of',
  ],
  [
    'an item without a list',
    { signs: '{time}.{body}', time: { item: 't=' } },
    'time.item: needs signature.list',
  ],
  ['an id that is not signed', { idHeader: 'x-id' }, 'idHeader: and {id} in signs'],
  [
    'a tolerance of a year',
    { signs: '{time}.{body}', time: { header: 't', tolerance: '365 d' } },
    'time.tolerance',
  ],
  ['events without their header', { events: ['a'] }, 'events: says nothing without topicHeader'],
  ['a header for events without events', { topicHeader: 'x-e' }, 'events: is missing'],
  ['a success as refusal', { refusalStatus: 200 }, 'refusalStatus: is 200'],
  ['a refusal status that is no number', { refusalStatus: '401' }, "refusalStatus: is '401'"],
  [
    'a refusal status with a fraction',
    { refusalStatus: 401.5 },
    'refusalStatus: is 401.5; use a whole number',
  ],
  ['a timeout without a unit', { timeout: '10' }, "timeout: '10' is not a duration"],
  ['a secret that is a number', { secret: 5 }, 'acme: secret: is 5; name the Worker secret'],
  ['a signature that is a text', { signature: 'x-acme' }, "signature: is 'x-acme'; say where"],
  [
    'a signature without its form',
    { signature: { header: 'x' } },
    'signature.form: is missing; write its place',
  ],
  [
    'a separator that is none',
    { signature: { header: 'x', form: '{hex}', list: '|' } },
    "'|' is not known; use one of ' ', ',', ', ', ';', '&'",
  ],
  [
    'a time that is a text',
    { signs: '{time}.{body}', time: 'x-time' },
    "time: is 'x-time'; say where it stands",
  ],
  ['a time that is null', { time: null }, 'time: is null; say where it stands'],
  [
    'a time item without a text',
    { signs: '{time}.{body}', time: { item: '' }, signature: { header: 'x', form: '{hex}', list: ',' } },
    "time.item: is ''",
  ],
  ['a content that is no list', { content: 'application/json' }, "content: is 'application/json'; write [{"],
  ['no content at all', { content: [] }, 'content: is an empty list; write [{'],
  ['a content that is a text', { content: ['application/json'] }, "content[0]: is 'application/json'"],
  [
    'a content with a misspelt name',
    { content: [{ mediatype: 'application/json', syntax: 'json' }] },
    'content[0].mediatype: is not an option',
  ],
  [
    'a media type with a parameter',
    { content: [{ mediaType: 'application/json; charset=utf-8', syntax: 'json' }] },
    'content[0].mediaType: is ',
  ],
  ['a content without syntax', { content: [{ mediaType: 'text/plain' }] }, 'content[0].syntax: is missing'],
  [
    'an unknown syntax',
    { content: [{ mediaType: 'text/plain', syntax: 'xml' }] },
    "content[0].syntax: 'xml' is not known",
  ],
  ['a success that is a number', { acknowledgement: 202 }, 'acknowledgement: is 202; write'],
  ['a success without a status', { acknowledgement: {} }, 'acknowledgement.status: is missing'],
  [
    'a success with a misspelt name',
    { acknowledgement: { status: 202, content: 'ok' } },
    'acknowledgement.content: is not an option',
  ],
  [
    'a success whose body is an object',
    { acknowledgement: { status: 200, body: {} } },
    'acknowledgement.body: is an object; use a text',
  ],
  [
    'a success with a line break in a header',
    { acknowledgement: { status: 200, headers: { 'x-a': 'a\nb' } } },
    'acknowledgement.headers: holds what no header can carry',
  ],
  ['a redelivery that is a text', { redelivery: '1 d' }, "redelivery: is '1 d'; write"],
  [
    'a redelivery with a misspelt name',
    { redelivery: { automatic: true, horizon: 60 } },
    'redelivery.horizon: is not an option',
  ],
  [
    'a redelivery that is automatic in words',
    { redelivery: { automatic: 'yes', horizonSeconds: 60 } },
    "redelivery.automatic: is 'yes'; say true or false",
  ],
]

test.each(wrong)('stops the load for %s', (_, changes, message) => {
  const options = { ...base, ...changes } as HmacWebhookOptions
  expect(() => hmacWebhook(options)).toThrow(TypeError)
  expect(() => hmacWebhook(options)).toThrow(message)
})
