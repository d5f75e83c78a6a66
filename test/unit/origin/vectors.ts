import { toBase64 } from '../../../src/origin/base64.ts'
import { createVerifier } from '../../../src/origin/verify.ts'
import {
  ASSERTED,
  AUTHORITY,
  COVERED,
  CREATED,
  forged,
  header,
  replaceIn,
  type Sent,
  signed,
  TEST_KEYS,
  utf8,
  verifierOptions,
  withHeader,
} from './proofs.ts'

const NOW_SECONDS = CREATED + 5

/** The signature base put together by plain string work, apart from the code under test. */
function spellBase(sent: Sent): string {
  const params = /sallyport=(\(.*)$/.exec(header(sent, 'signature-input'))?.[1] ?? ''
  const names = [...(/^\((.*?)\)/.exec(params)?.[1] ?? '').matchAll(/"([^"]+)"/g)].map(
    (match) => match[1] ?? '',
  )
  const [path, query = ''] = sent.target.split(/\?(.*)/)
  const derived: Record<string, string | undefined> = {
    '@method': sent.method,
    '@authority': AUTHORITY,
    '@path': path,
    '@query': `?${query}`,
  }
  const lines = names.map((name) => `"${name}": ${derived[name] ?? header(sent, name)}`)
  return [...lines, `"@signature-params": ${params}`].join('\n')
}

const onWire = ({ method, target, headers, body }: Sent) => ({
  method,
  target,
  headers,
  bodyBase64: toBase64(body),
})

async function accepted(name: string, sent: Sent) {
  const verdict = await createVerifier(verifierOptions()).verify(sent, NOW_SECONDS * 1000)
  return { name, now: NOW_SECONDS, request: onWire(sent), signatureBase: spellBase(sent), verdict }
}

async function refused(name: string, sent: Sent, now = NOW_SECONDS) {
  const verdict = await createVerifier(verifierOptions()).verify(sent, now * 1000)
  return { name, now, request: onWire(sent), reason: verdict.ok ? 'accepted' : verdict.reason }
}

/** The content of `src/origin/vectors.json`. */
export async function buildVectors() {
  const sent = await signed()
  const empty = { body: new Uint8Array(), parts: { digest: 'empty' as const } }
  const foreign = { 'signature-input': 'sig1=("@method");keyid="a,b"', signature: 'sig1=:AA==:' }
  const without = (name: string) => COVERED.filter((other) => other !== name)
  return {
    about:
      'Test vectors for the proof of the sallyport gateway: RFC 9421, label sallyport, tag sallyport-v1. The keys are published test keys and protect nothing. Times are Unix seconds; maxSkewSeconds is 60; header names are in lower case; the reasons are those of the TypeScript verifier.',
    authority: AUTHORITY,
    keys: [
      { id: 'test-hmac', testKeyOnly: true, signing: TEST_KEYS.hmac, verification: TEST_KEYS.hmac },
      {
        id: 'test-ed25519',
        testKeyOnly: true,
        signing: TEST_KEYS.ed25519,
        verification: TEST_KEYS.ed25519Public,
      },
    ],
    accepted: [
      await accepted('hmac-sha256', sent),
      await accepted('ed25519', await signed({ key: TEST_KEYS.ed25519 })),
      await accepted(
        'empty body, no query',
        await signed({ ...empty, method: 'DELETE', url: `https://${AUTHORITY}/orders/7` }),
      ),
      await accepted(
        'encoded path and query stay as sent',
        await signed({ url: `https://${AUTHORITY}/a%2Fb;v=1/%C3%A4?q=%20+&q=` }),
      ),
      await accepted('a signature of another label passes by', await signed({ headers: foreign })),
      await accepted(
        'more asserted headers, in the order of their names',
        await signed({
          headers: { 'x-forwarded-for': '203.0.113.7, 198.51.100.1', 'sallyport-body': 'verified' },
          parts: { asserted: [...ASSERTED, 'x-forwarded-for', 'sallyport-body'] },
        }),
      ),
    ],
    refused: [
      await refused('another method', { ...sent, method: 'PUT' }),
      await refused('another path', { ...sent, target: sent.target.replace('acme', 'acmf') }),
      await refused('a decoded query', { ...sent, target: sent.target.replace('%2F', '/') }),
      await refused(
        'another authority',
        await signed({ url: 'https://other.example/tenants/acme/orders?page=2&sort=a%2Fb' }),
      ),
      await refused('another body', { ...sent, body: utf8('{"sku":"a-2"}') }),
      await refused('another asserted value', withHeader(sent, 'x-subject', 'user-8')),
      await refused('an asserted header taken away', withHeader(sent, 'x-subject', undefined)),
      await refused('an asserted header twice', {
        ...sent,
        headers: [...sent.headers, ['x-subject', 'root']],
      }),
      await refused(
        'an uncovered header that looks like the gateway',
        withHeader(sent, 'sallyport-principal', 'root'),
      ),
      await refused('an underscore twin of an asserted header', withHeader(sent, 'x_subject', 'root')),
      await refused(
        'a later expires',
        replaceIn(sent, 'signature-input', `${CREATED + 60}`, `${CREATED + 61}`),
      ),
      await refused('too early', sent, CREATED - 61),
      await refused('too late', sent, CREATED + 61),
      await refused('a lifetime beyond 300 seconds', await forged({ params: { expires: CREATED + 301 } })),
      await refused('another tag', await forged({ params: { tag: 'sallyport-v2' } })),
      await refused('another key id', await forged({ params: { keyid: 'k9' } })),
      await refused(
        'an HMAC that takes the public key as its secret',
        await signed({ key: TEST_KEYS.ed25519Public.replace('ed25519-public', 'hmac-sha256') }),
      ),
      await refused('the path not covered', await forged({ names: without('@path') })),
      await refused('the digest not covered', await forged({ names: without('content-digest') })),
      await refused('the Content-Type not covered', await forged({ names: without('content-type') })),
      await refused('the label twice', replaceIn(sent, 'signature-input', /^(.*)$/, '$1, $1')),
      await refused(
        'no proof',
        withHeader(withHeader(sent, 'signature', undefined), 'signature-input', undefined),
      ),
    ],
  }
}
