// What the providers with handshakes and shared tokens want in a route, and what none of them takes.
import { asana, datadog, dropbox, fastlyLogging, figma, meta, telegram, zoom } from 'sallyport/webhooks'

meta({ secret: 'SLACK_SIGNING_SECRET', verifyToken: 'STANDARD_WEBHOOK_SECRET' })

// @ts-expect-error without the token that its handshake is checked with
meta({ secret: 'SLACK_SIGNING_SECRET' })

// @ts-expect-error a verify token that is a var, for everybody to read
meta({ secret: 'SLACK_SIGNING_SECRET', verifyToken: 'ISSUER' })

asana({ secret: 'SLACK_SIGNING_SECRET' })
asana({ secret: 'SLACK_SIGNING_SECRET', armedUntil: 'ISSUER' })
asana({ secret: 'SLACK_SIGNING_SECRET', armedUntil: 'STANDARD_WEBHOOK_SECRET' })

// @ts-expect-error the time itself, which a deployment would have to change
asana({ secret: 'SLACK_SIGNING_SECRET', armedUntil: '2026-11-22T12:00:00Z' })

fastlyLogging({ secret: 'SLACK_SIGNING_SECRET', serviceId: ['a', 'b'], header: 'x-log-token' })

// @ts-expect-error without the services that may log
fastlyLogging({ secret: 'SLACK_SIGNING_SECRET' })

// @ts-expect-error a list of no service
fastlyLogging({ secret: 'SLACK_SIGNING_SECRET', serviceId: [] })

datadog({ secret: 'SLACK_SIGNING_SECRET', header: 'x-datadog-token', deduplicate: 'body' })
figma({ secret: 'SLACK_SIGNING_SECRET', deduplicate: 'body' })

// @ts-expect-error another key than the body
figma({ secret: 'SLACK_SIGNING_SECRET', deduplicate: 'id' })

// @ts-expect-error a header for a provider that has one of its own
telegram({ secret: 'SLACK_SIGNING_SECRET', header: 'x-token' })

// @ts-expect-error a tolerance where no time is signed
dropbox({ secret: 'SLACK_SIGNING_SECRET', tolerance: '5 m' })

zoom({ secret: 'SLACK_SIGNING_SECRET', tolerance: '2 h' })

// @ts-expect-error deduplicate where the signature covers the body
zoom({ secret: 'SLACK_SIGNING_SECRET', deduplicate: 'body' })
