import { describe, expect, test } from 'vitest'
import * as webhooks from '../../../src/webhooks/index.ts'
import { type AnyProvider, authenticate, mount, verdict } from './every/providers.ts'

const adyenPayments = webhooks.adyenPayments as unknown as AnyProvider

type Json = Record<string, unknown>

describe('adyen', () => {
  const signedItem = async (fields: Json) => {
    const mounted = await mount(adyenPayments)
    const body = JSON.stringify({ notificationItems: [{ NotificationRequestItem: fields }] })
    return { mounted, sent: await mounted.deliver({ body }) }
  }
  const fields = {
    pspReference: 'P',
    merchantAccountCode: 'M',
    merchantReference: 'a:b',
    eventCode: 'E',
    success: 'true',
  }

  test('a colon stands in the merchant’s reference alone, so that fields cannot change places', async () => {
    const { mounted, sent } = await signedItem(fields)
    expect(await verdict(mounted.authenticator, sent, mounted.env)).toBe('accepted')
    const { additionalData } = JSON.parse(sent.body).notificationItems[0].NotificationRequestItem
    const moved = { ...fields, merchantAccountCode: 'M:a', merchantReference: 'b', additionalData }
    const body = JSON.stringify({ notificationItems: [{ NotificationRequestItem: moved }] })
    expect(await verdict(mounted.authenticator, { ...sent, body }, mounted.env)).toBe(
      'signature_refused: adyen-payments: the body is not of its form',
    )
  })

  test('33 items are refused before any of them is looked at', async () => {
    const { mounted, sent } = await signedItem(fields)
    const [one] = (JSON.parse(sent.body) as { notificationItems: unknown[] }).notificationItems
    const body = JSON.stringify({ notificationItems: Array.from({ length: 33 }, () => one) })
    expect(await verdict(mounted.authenticator, { ...sent, body }, mounted.env)).toBe(
      'signature_refused: adyen-payments: too many signatures',
    )
  })

  test('a copy is answered with what Adyen wants to read', async () => {
    const { mounted, sent } = await signedItem(fields)
    expect(await authenticate(mounted.authenticator, sent, mounted.env)).toMatchObject({
      value: { acknowledgement: { status: 200, body: '[accepted]' } },
    })
  })
})
