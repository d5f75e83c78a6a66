import { createClient, ErrorReply, RESP_TYPES } from '@redis/client'

/** What Redis answered: bulk strings as bytes, status lines as text, a command's error as an `Error`. */
export type Reply = string | Uint8Array | number | null | Error | readonly Reply[]

/** Redis cannot be reached, or went away before it had answered: what was sent may have been executed. */
export class ConnectionLost extends Error {}

/** One connection, opened when it is needed and again after it was lost. */
export interface RedisConnection {
  /**
   * Sends commands back to back, with nothing of others between them, and resolves with one reply each.
   * @throws {ConnectionLost} at once: nothing is queued for a better time, and nothing is sent twice.
   */
  send(commands: readonly (readonly string[])[]): Promise<Reply[]>
  /** Ends it; what waits for a reply rejects. */
  close(): void
}

const CONNECT_MS = 2000

/** A client that says nothing on its own: no handshake, no CLIENT SETINFO, so that MONITOR shows only commands of callers. */
export function silentClient(socketPath: string) {
  const client = createClient({
    RESP: 2,
    socket: { path: socketPath, tls: false, reconnectStrategy: false, connectTimeout: CONNECT_MS },
    disableOfflineQueue: true,
    disableClientInfo: true,
    commandOptions: { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } },
  })
  // Whoever waits for a reply gets the error; an event without a listener would end the process.
  client.on('error', () => {})
  return client
}

type Client = ReturnType<typeof silentClient>

/** A connection to a unix socket, which opens with the first commands. */
export function connectTo(socketPath: string): RedisConnection {
  let current: Client | undefined
  let opening: Promise<Client> | undefined
  let closed = false

  const open = async (): Promise<Client> => {
    const client = silentClient(socketPath)
    await client.connect()
    if (closed) client.destroy()
    current = client
    return client
  }
  const ready = (): Promise<Client> | Client => {
    if (closed) throw new Error('this connection was closed')
    if (current?.isReady) return current
    opening ??= open().finally(() => {
      opening = undefined
    })
    return opening
  }

  return {
    async send(commands) {
      try {
        const client = await ready()
        const replies = await Promise.allSettled(
          commands.map((command) => client.sendCommand<Reply>([...command])),
        )
        return replies.map((reply) => {
          if (reply.status === 'fulfilled') return reply.value
          if (reply.reason instanceof ErrorReply) return reply.reason
          throw reply.reason
        })
      } catch (cause) {
        throw new ConnectionLost('the database cannot be reached', { cause })
      }
    },
    close() {
      closed = true
      if (current?.isOpen) current.destroy()
    },
  }
}
