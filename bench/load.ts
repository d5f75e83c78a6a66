import { once } from 'node:events'
import { connect } from 'node:net'
import { framingOf, takeBody, takeHead } from '../test/wire/harness/framing.ts'

/** The one answer that counts: a bench that measures errors is worth nothing. */
export interface Expected {
  status: number
  /** The whole body, where it is known. */
  body?: string
}

const CONNECTIONS = 16
const ANSWER_TIMEOUT_MS = 20_000

/** Sends every request once over 16 keep-alive connections; throws at the first answer that is not the expected one. */
export async function drive(port: number, requests: readonly Buffer[], expected: Expected): Promise<void> {
  const queue = requests.values()
  await Promise.all(Array.from({ length: CONNECTIONS }, () => drain(port, queue, expected)))
}

async function drain(port: number, queue: Iterator<Buffer>, expected: Expected): Promise<void> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  socket.setTimeout(ANSWER_TIMEOUT_MS, () => socket.destroy(new Error('no answer came in time')))
  socket.once('end', () => socket.destroy(new Error('the connection was closed')))
  try {
    await once(socket, 'connect')
    for (let step = queue.next(); !step.done; step = queue.next()) {
      socket.write(step.value)
      let bytes: Buffer = Buffer.alloc(0)
      while (!isAnswered(bytes, expected)) {
        const [chunk]: Buffer[] = await once(socket, 'data')
        if (chunk) bytes = Buffer.concat([bytes, chunk])
      }
    }
  } finally {
    socket.destroy()
  }
}

/** False while bytes are missing. */
function isAnswered(bytes: Buffer, expected: Expected): boolean {
  const head = takeHead(bytes)
  if (!head) return false
  const framing = framingOf(head.fields, { kind: 'length', bytes: 0 })
  const answer = takeBody(bytes.subarray(head.bytes.length), framing, false)
  if (!answer) return false
  const status = Number(head.startLine.split(' ', 2)[1])
  const body = answer.body.toString()
  if (status !== expected.status || (expected.body !== undefined && body !== expected.body)) {
    throw new Error(`expected ${expected.status} ${expected.body ?? ''}, got ${head.startLine} ${body}`)
  }
  return true
}
