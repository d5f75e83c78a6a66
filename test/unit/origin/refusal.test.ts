import { describe, expect, it } from 'vitest'
import { memorySeenSet } from '../../../src/origin/index.ts'
import type { Refusal } from '../../../src/origin/refusal.ts'
import { createVerifier } from '../../../src/origin/verify.ts'
import { type Attack, add, streamed, without } from './attack.ts'
import { proofAttacks } from './proof-attacks.ts'
import {
  CREATED,
  forged,
  NOW,
  replaceIn,
  signed,
  TEST_KEYS,
  utf8,
  verifierOptions,
  withHeader,
} from './proofs.ts'

// Keyed by the closed union: a new code does not compile until it has an attack.
const attacks: Record<Refusal, Attack[]> = {
  ...proofAttacks,
  'header-uncovered': [
    {
      name: 'an added sallyport- header',
      request: async () => add(await signed(), ['sallyport-principal', 'root']),
    },
    { name: 'its underscore twin', request: async () => add(await signed(), ['Sallyport_Id', 'x']) },
    { name: 'its dot twin', request: async () => add(await signed(), ['sallyport.id', 'x']) },
    { name: 'a twin of a covered header', request: async () => add(await signed(), ['x_subject', 'root']) },
    {
      name: 'a Content-Type that the proof leaves out',
      request: () => forged({ names: without('content-type') }),
    },
    {
      name: 'a twin of Content-Type',
      request: async () => add(await signed(), ['content_type', 'text/plain']),
    },
  ],
  'header-missing': [
    ...['x-subject', 'sallyport-id', 'content-type', 'content-digest'].map((name) => ({
      name: `${name} taken away`,
      request: async () => withHeader(await signed(), name, undefined),
    })),
  ],
  'header-repeated': [
    { name: 'a second x-subject', request: async () => add(await signed(), ['X-Subject', 'root']) },
    {
      name: 'a second Content-Type',
      request: async () => add(await signed(), ['content-type', 'text/html']),
    },
    { name: 'the same value twice', request: async () => add(await signed(), ['x-subject', 'user-7']) },
  ],
  'header-malformed': [
    {
      name: 'a line folded into a value',
      request: async () => withHeader(await signed(), 'x-subject', 'user-7\r\n x'),
    },
    {
      name: 'a forged line of the base',
      request: async () => withHeader(await signed(), 'x-subject', 'a\n"x-role": root'),
    },
    { name: 'a non-ASCII value', request: async () => withHeader(await signed(), 'x-subject', 'usér-7') },
    { name: 'a NUL', request: async () => withHeader(await signed(), 'x-subject', 'user-7\0') },
  ],
  'target-malformed': [
    ...['https://origin.example/', '*', '', 'tenants', '/a b', '/a#b', '/ä', '/a\n'].map((target) => ({
      name: `target ${JSON.stringify(target)}`,
      request: async () => ({ ...(await signed()), target }),
    })),
    { name: 'a method in lower case', request: async () => ({ ...(await signed()), method: 'post' }) },
  ],
  'signature-mismatch': [
    { name: 'another method', request: async () => ({ ...(await signed()), method: 'PUT' }) },
    {
      name: 'another path',
      request: async () => ({ ...(await signed()), target: '/tenants/acmf/orders?page=2&sort=a%2Fb' }),
    },
    {
      name: 'a decoded query',
      request: async () => ({ ...(await signed()), target: '/tenants/acme/orders?page=2&sort=a/b' }),
    },
    { name: 'no query', request: async () => ({ ...(await signed()), target: '/tenants/acme/orders' }) },
    {
      name: 'another host',
      request: () => signed(),
      options: { authority: ['other.example', 'origin.example'] },
    },
    ...[
      'content-type',
      'x-subject',
      'sallyport-id',
      'sallyport-host',
      'sallyport-route',
      'content-digest',
    ].map((name) => ({
      name: `one changed byte in ${name}`,
      request: async () =>
        replaceIn(await signed(), name, /[a-z0-9]/, (byte: string) => (byte === 'a' ? 'b' : 'a')),
    })),
    {
      name: 'a later expires',
      request: async () => replaceIn(await signed(), 'signature-input', `${CREATED + 60}`, `${CREATED + 61}`),
    },
    {
      name: 'another created',
      request: async () => replaceIn(await signed(), 'signature-input', `${CREATED}`, `${CREATED + 1}`),
    },
    {
      name: 'another nonce',
      request: async () => replaceIn(await signed(), 'signature-input', 'nonce="A', 'nonce="B'),
    },
    {
      name: 'one changed byte in the signature',
      request: async () =>
        replaceIn(await signed(), 'signature', /:./, (m: string) => (m === ':A' ? ':B' : ':A')),
    },
    {
      name: 'an HMAC with the wrong secret',
      request: () => signed({ key: `test-hmac:hmac-sha256:${btoa('y'.repeat(32))}` }),
    },
    {
      name: 'one changed byte in an Ed25519 signature',
      request: async () =>
        replaceIn(await signed({ key: TEST_KEYS.ed25519 }), 'signature', /:./, (m: string) =>
          m === ':A' ? ':B' : ':A',
        ),
    },
  ],
  'body-streamed': [{ name: 'a streamed body, nobody asked for one', request: () => streamed() }],
  'body-mismatch': [
    { name: 'another body', request: async () => ({ ...(await signed()), body: utf8('{"sku":"a-2"}') }) },
    { name: 'no body', request: async () => ({ ...(await signed()), body: new Uint8Array() }) },
    { name: 'a body for an empty digest', request: () => signed({ parts: { digest: 'empty' } }) },
    {
      name: 'a streamed body cut short',
      request: () => streamed('14'),
      options: { unsafeAcceptStreamedBody: true },
    },
  ],
  replayed: [
    { name: 'the same request again', request: () => signed(), options: { seen: () => true } },
    {
      name: 'a seen-set that answers with something else than false',
      request: () => signed(),
      options: { seen: (() => undefined) as unknown as () => boolean },
    },
  ],
  'seen-set-failed': [
    {
      name: 'a seen-set that is down',
      request: () => signed(),
      options: { seen: () => Promise.reject(new Error('down')) },
    },
    {
      name: 'a full seen-set',
      request: () => signed(),
      options: (() => {
        const seen = memorySeenSet({ maxEntries: 1 })
        seen('other', CREATED + 60, CREATED)
        return { seen }
      })(),
    },
  ],
}

for (const [reason, list] of Object.entries(attacks)) {
  describe(`refuses with ${reason}`, () => {
    it.each(list)('$name', async ({ request, options, now = NOW }) => {
      const verifier = createVerifier(verifierOptions(options))
      expect(await verifier.verify(await request(), now)).toEqual({ ok: false, reason })
    })
  })
}
