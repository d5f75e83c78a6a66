import { SDKValidationError } from '@polar-sh/sdk/models/errors/sdkvalidationerror.js'
import { validateEvent } from '@polar-sh/sdk/webhooks.js'
import { type Adapter, throwsNot } from '../adapter.ts'

/** The SDK reads the event after the signature: one of a type that it does not know has been verified. */
function verified(body: string, headers: Record<string, string>, secret: string): void {
  try {
    validateEvent(body, headers, secret)
  } catch (error) {
    if (!(error instanceof SDKValidationError)) throw error
  }
}

export default {
  package: '@polar-sh/sdk',
  providers: ['polar'],
  verify: ({ headers, body, secret, now }) => throwsNot(now, () => verified(body, headers, secret)),
} satisfies Adapter
