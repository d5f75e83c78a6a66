import type { Refusal } from '../../../src/origin/refusal.ts'
import { type Attack, add, without } from './attack.ts'
import { COVERED, CREATED, forged, header, replaceIn, signed, TEST_KEYS, withHeader } from './proofs.ts'

/** Attacks on the proof itself: its shape, its key, its components, its time. */
export const proofAttacks = {
  'proof-missing': [
    { name: 'a request straight to the origin', request: async () => ({ ...(await signed()), headers: [] }) },
    {
      name: 'no Signature-Input',
      request: async () => withHeader(await signed(), 'signature-input', undefined),
    },
    { name: 'no Signature', request: async () => withHeader(await signed(), 'signature', undefined) },
    {
      name: 'the signature of another label only',
      request: async () => replaceIn(await signed(), 'signature-input', /^sallyport=/, 'sallyport2='),
    },
    {
      name: 'our label inside a quoted string',
      request: async () =>
        replaceIn(await signed(), 'signature-input', /^sallyport=.*$/, 'sig=();a=", sallyport=()"'),
    },
  ],
  'proof-duplicated': [
    {
      name: 'the label twice in one Signature-Input',
      request: async () => replaceIn(await signed(), 'signature-input', /^(.*)$/, '$1, $1'),
    },
    {
      name: 'the label on two Signature lines',
      request: async () => {
        const sent = await signed()
        return add(sent, ['signature', header(sent, 'signature')])
      },
    },
  ],
  'proof-malformed': [
    { name: 'an open string', request: async () => replaceIn(await signed(), 'signature-input', /"$/, '') },
    { name: 'a comma at the end', request: async () => replaceIn(await signed(), 'signature', /$/, ',') },
    {
      name: 'a label without a value',
      request: async () => withHeader(await signed(), 'signature', 'sallyport'),
    },
    { name: 'a signature in quotes', request: async () => replaceIn(await signed(), 'signature', /:/g, '"') },
    {
      name: 'a short signature',
      request: async () => withHeader(await signed(), 'signature', 'sallyport=:AAAA:'),
    },
    {
      name: 'an empty signature',
      request: async () => withHeader(await signed(), 'signature', 'sallyport=::'),
    },
    {
      name: 'a field beyond 16 KiB',
      request: async () => replaceIn(await signed(), 'signature-input', /^/, `a="${'x'.repeat(16_384)}", `),
    },
    { name: 'a parameter of another kind', request: () => forged({ text: (p) => `${p};x=1` }) },
    {
      name: 'a parameter twice',
      request: () => forged({ text: (p) => p.replace(/;created/, ';created=1;created') }),
    },
    {
      name: 'parameters in another order',
      request: () => forged({ text: (p) => p.replace(/(;created=\d+)(;expires=\d+)/, '$2$1') }),
    },
    { name: 'a leading zero', request: () => forged({ text: (p) => p.replace(/created=/, 'created=0') }) },
    { name: 'a negative time', request: () => forged({ text: (p) => p.replace(/created=/, 'created=-') }) },
    { name: 'a nonce that is not 16 bytes', request: () => forged({ params: { nonce: 'AAAA' } }) },
    {
      name: 'a nonce with loose bits',
      request: () => forged({ params: { nonce: 'AAECAwQFBgcICQoLDA0ODx==' } }),
    },
    {
      name: 'an algorithm nobody has',
      request: () => forged({ text: (p) => p.replace('hmac-sha256', 'none') }),
    },
    { name: 'two blanks in the list', request: () => forged({ text: (p) => p.replace('" "', '"  "') }) },
    {
      name: 'a component parameter',
      request: () => forged({ text: (p) => p.replace('"x-subject"', '"x-subject";bs') }),
    },
    {
      name: 'an upper-case component',
      request: () => forged({ names: [...without('x-subject'), 'X-Subject'] }),
    },
    {
      name: 'both kinds of body component',
      request: () => forged({ names: [...COVERED.slice(0, 5), 'content-length', ...COVERED.slice(5)] }),
    },
    {
      name: 'more than 64 components',
      request: () => forged({ names: [...COVERED, ...Array.from({ length: 55 }, (_, i) => `y-${10 + i}`)] }),
    },
    { name: 'a component twice', request: () => forged({ names: [...COVERED, 'x-subject'] }) },
    { name: 'components in another order', request: () => forged({ names: [...COVERED].reverse() }) },
    {
      name: 'a derived component of another kind',
      request: () => forged({ names: [...COVERED, '@target-uri'] }),
    },
    {
      name: 'Via among the components',
      request: () => forged({ names: [...without('x-subject'), 'via', 'x-subject'] }),
    },
    {
      name: 'a streamed mark on a body with a digest',
      request: async () => {
        const sent = await forged({
          names: [...without('x-subject').slice(0, 6), 'sallyport-body', ...COVERED.slice(6)],
        })
        return withHeader(sent, 'sallyport-body', 'streamed')
      },
    },
  ],
  'tag-unknown': [
    { name: 'the tag of another profile', request: () => forged({ params: { tag: 'web-bot-auth' } }) },
  ],
  'key-unknown': [
    { name: 'a key id of nobody', request: () => forged({ params: { keyid: 'k9' } }) },
    { name: 'a retired key', request: () => signed(), options: { keys: [TEST_KEYS.ed25519Public] } },
  ],
  'algorithm-mismatch': [
    {
      name: 'an HMAC made with the public key as secret',
      request: async () => {
        const secret = TEST_KEYS.ed25519Public.replace('ed25519-public', 'hmac-sha256')
        return signed({ key: secret })
      },
    },
  ],
  'component-missing': [
    ...['@method', '@authority', '@path', '@query', 'content-digest'].map((name) => ({
      name: `${name} not covered`,
      request: () => forged({ names: without(name) }),
    })),
    ...['sallyport-id', 'sallyport-host', 'sallyport-route'].map((name) => ({
      name: `${name} not covered`,
      request: () => forged({ names: without(name) }),
    })),
    {
      name: 'a header that this origin requires',
      request: () => signed(),
      options: { required: ['x-tenant'] },
    },
  ],
  'lifetime-invalid': [
    { name: 'five minutes and a second', request: () => forged({ params: { expires: CREATED + 301 } }) },
    { name: 'expires before created', request: () => forged({ params: { expires: CREATED - 1 } }) },
  ],
  'created-in-future': [{ name: '61 s ahead', request: () => signed(), now: (CREATED - 61) * 1000 }],
  'created-too-old': [
    {
      name: '61 s old, still valid',
      request: () => forged({ params: { expires: CREATED + 300 } }),
      now: (CREATED + 61) * 1000,
    },
    { name: 'a clock that is not a number', request: () => signed(), now: Number.NaN },
  ],
  expired: [{ name: 'a second after expires', request: () => signed(), now: (CREATED + 61) * 1000 }],
} satisfies Partial<Record<Refusal, Attack[]>>
