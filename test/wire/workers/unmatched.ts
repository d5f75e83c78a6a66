import { createGateway } from 'sallyport'
import { durableObjectState } from 'sallyport/durable-object'
import { rowRoutes } from './rows.ts'

export { SallyportState } from 'sallyport/durable-object'

/** The first day of an existing app: what no route declares is seen, recorded and passed on. */
export default createGateway(rowRoutes(''), {
  state: { 'durable-object': durableObjectState() },
  unmatched: { reportAndForward: 'ORIGIN_URL' },
})
