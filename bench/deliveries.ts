import { createHmac } from 'node:crypto'

export const HOST = 'gw.bench'
export const SECRET = 'a secret of the bench, worth nothing'

/** About 2 KB, as a small push is. */
const commits = Array.from({ length: 4 }, (_, index) => ({
  id: createHmac('sha1', 'commit').update(String(index)).digest('hex'),
  message: `Change number ${index}: a message of usual length, "with quotes" and a line break\n\nand a second paragraph`,
  timestamp: '2026-11-20T10:00:00+01:00',
  author: { name: 'Ada Example', email: 'ada@example.com', username: 'ada' },
  added: ['src/first.ts', 'src/second.ts'],
  removed: [],
  modified: ['README.md'],
}))

let made = 0

/** GitHub deliveries as bytes for the wire, every one different and signed; `forged` are signed with another secret. */
export function deliveries(count: number, forged: boolean): Buffer[] {
  return Array.from({ length: count }, () => delivery(forged))
}

function delivery(forged: boolean): Buffer {
  const id = `00000000-0000-4000-8000-${String(++made).padStart(12, '0')}`
  const body = Buffer.from(
    JSON.stringify({
      ref: 'refs/heads/main',
      before: '0'.repeat(40),
      after: createHmac('sha1', 'after').update(id).digest('hex'),
      repository: { id: 1, full_name: 'example/repository', private: true, owner: { login: 'example' } },
      sender: { login: 'ada', id: 2, type: 'User' },
      commits,
    }),
  )
  const mac = createHmac('sha256', forged ? `${SECRET}, mistyped` : SECRET)
  const head = [
    'POST /webhooks/github HTTP/1.1',
    `Host: ${HOST}`,
    'User-Agent: GitHub-Hookshot/044aadd',
    'Accept: */*',
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
    `X-GitHub-Delivery: ${id}`,
    'X-GitHub-Event: push',
    'X-GitHub-Hook-ID: 292430182',
    'X-GitHub-Hook-Installation-Target-ID: 79929171',
    'X-GitHub-Hook-Installation-Target-Type: repository',
    `X-Hub-Signature-256: sha256=${mac.update(body).digest('hex')}`,
  ]
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body])
}
