// What a route says about its provider: what is needed is asked for, and nothing else is taken.
import { sign } from 'sallyport/testing'
import { awsSns, github, hmacWebhook, mailgun, mux, square, stripe, svix } from 'sallyport/webhooks'

github({ secret: 'GITHUB_WEBHOOK_SECRET', events: ['push'] })
// @ts-expect-error without the events, which no signature covers
github({ secret: 'GITHUB_WEBHOOK_SECRET' })
// @ts-expect-error none of them
github({ secret: 'GITHUB_WEBHOOK_SECRET', events: [] })
// @ts-expect-error a misspelt secret
stripe({ secret: 'STRIPE_WEBHOOK_SECERT' })
// @ts-expect-error a var, for everybody to read
stripe({ secret: 'ORIGIN_URL' })
// @ts-expect-error events where the body has them
stripe({ secret: 'STRIPE_WEBHOOK_SECRET', events: ['charge.failed'] })

mux({ secret: 'STANDARD_WEBHOOK_SECRET', tolerance: '10 m' })
svix({ secret: 'STANDARD_WEBHOOK_SECRET', tolerance: '1 h' })
// @ts-expect-error a number without a unit
mux({ secret: 'STANDARD_WEBHOOK_SECRET', tolerance: 600 })
// @ts-expect-error a tolerance where no time is signed
github({ secret: 'GITHUB_WEBHOOK_SECRET', events: ['push'], tolerance: '10 m' })

square({ secret: 'STANDARD_WEBHOOK_SECRET', url: 'https://hooks.example.com/square' })
// @ts-expect-error a URL where none is signed
mux({ secret: 'STANDARD_WEBHOOK_SECRET', url: 'https://hooks.example.com/mux' })

mailgun({ secret: 'STANDARD_WEBHOOK_SECRET', unsafeBodyIsNotSigned: true })
// @ts-expect-error without saying that one knows
mailgun({ secret: 'STANDARD_WEBHOOK_SECRET' })
// @ts-expect-error said of a signature that covers the body
mux({ secret: 'STANDARD_WEBHOOK_SECRET', unsafeBodyIsNotSigned: true })

awsSns({ topics: ['arn:aws:sns:us-east-1:123456789012:orders'], unsafeBodyIsNotSigned: true })
// @ts-expect-error without topics: every AWS account can sign
awsSns({ unsafeBodyIsNotSigned: true })

const described = {
  name: 'acme',
  secret: 'STANDARD_WEBHOOK_SECRET',
  signature: { header: 'x-acme', form: 'v1={hex}' },
  signs: '{body}',
} as const
const acme = hmacWebhook(described)
sign(acme, { secret: 'a secret', body: '{}' })
acme.scheme.name satisfies string
// @ts-expect-error the scheme is only to be read
acme.scheme = mux.scheme
// @ts-expect-error a form that does not end with the signature
hmacWebhook({ ...described, signature: { header: 'x-acme', form: 'v1=' } })
// @ts-expect-error another hash
hmacWebhook({ ...described, hash: 'MD5' })
