import { createGateway } from 'sallyport'
import { durableObjectOperations, durableObjectState } from 'sallyport/durable-object'
import { upstashOperations, upstashState } from 'sallyport/upstash'
import routes from '../routes/index.ts'

export { SallyportState } from 'sallyport/durable-object'

export default createGateway(routes, {
  state: { 'durable-object': durableObjectState(), upstash: upstashState() },
  control: {
    path: '/_sallyport/control',
    key: 'CONTROL_KEY',
    operations: { 'durable-object': durableObjectOperations, upstash: upstashOperations },
  },
})
