import github from './github.ts'
import limited from './limited.ts'
import orders from './orders.ts'
import shopify from './shopify.ts'
import slack from './slack.ts'
import standard from './standard.ts'
import stripe from './stripe.ts'

// Each name is the route's id in shared state, in the record and in `sallyport-route`: its file's name.
export default { github, limited, orders, shopify, slack, standard, stripe }
