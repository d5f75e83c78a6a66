import { EventEmitter } from 'node:events'
import https from 'node:https'
import { createRequire } from 'node:module'
import type Validator from 'sns-validator'
import { vi } from 'vitest'
import { type Adapter, throwsNot } from '../adapter.ts'

const require = createRequire(import.meta.url)

/** The SDK anew: it keeps each certificate by its URL for as long as it is loaded. */
function load(): typeof Validator {
  delete require.cache[require.resolve('sns-validator')]
  return require('sns-validator')
}

/** Answers every fetch of the SDK with this certificate, and leaves the network alone. */
function serveCertificate(pem: string) {
  const get = (_url: unknown, answer: (response: EventEmitter) => void) => {
    const response = Object.assign(new EventEmitter(), { statusCode: 200 })
    queueMicrotask(() => {
      answer(response)
      response.emit('data', Buffer.from(pem))
      response.emit('end')
    })
    return new EventEmitter()
  }
  return vi.spyOn(https, 'get').mockImplementation(get as unknown as typeof https.get)
}

function validate(body: string): Promise<object | undefined> {
  const MessageValidator = load()
  return new Promise((resolve, reject) => {
    new MessageValidator().validate(JSON.parse(body), (error, message) =>
      error ? reject(error) : resolve(message),
    )
  })
}

export default {
  package: 'sns-validator',
  providers: ['aws-sns'],
  /** `secret` is the certificate that SigningCertURL leads to. */
  verify: async ({ body, secret, now }) => {
    const served = serveCertificate(secret)
    try {
      return await throwsNot(now, () => validate(body))
    } finally {
      served.mockRestore()
    }
  },
} satisfies Adapter
