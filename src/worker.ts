import { createGateway } from 'sallyport'
import { durableObjectState } from 'sallyport/durable-object'
import { upstashState } from 'sallyport/upstash'
import routes from '../routes/index.ts'

export { SallyportState } from 'sallyport/durable-object'

export default createGateway(routes, {
  state: { 'durable-object': durableObjectState(), upstash: upstashState() },
})
