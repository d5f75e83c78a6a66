// The parts that the adapters use of SDKs that ship no types.

declare module 'braintree' {
  interface Options {
    environment: object
    merchantId: string
    publicKey: string
    privateKey: string
  }
  interface Notification {
    bt_signature: string
    bt_payload: string
  }
  export class BraintreeGateway {
    constructor(options: Options)
    webhookNotification: { parse(signature: string, payload: string): Promise<{ kind: string }> }
    webhookTesting: { sampleNotification(kind: string, id: string): Notification }
  }
  export const Environment: { Sandbox: object }
}

declare module 'coinbase-commerce-node' {
  export const Webhook: {
    computeSignature(body: string, secret: string): string
    verifyEventBody(body: string, signature: string, secret: string): { id: string }
  }
}

declare module 'sns-validator' {
  export default class MessageValidator {
    validate(message: object, done: (error: Error | null, message?: object) => void): void
  }
}
