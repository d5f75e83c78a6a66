import { createGateway } from 'sallyport'
import { durableObjectState } from 'sallyport/durable-object'
import routes from './routes.ts'

export { SallyportState } from 'sallyport/durable-object'

/** As `src/worker.ts`, but for the limit. */
export default createGateway(routes, {
  state: { 'durable-object': durableObjectState({ binding: 'SALLYPORT_STATE' }) },
})
