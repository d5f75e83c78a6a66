import { createGateway } from 'sallyport'
import { durableObjectState } from 'sallyport/durable-object'
import { rowRoutes } from './rows.ts'

export { SallyportState } from 'sallyport/durable-object'

export default createGateway(rowRoutes(''), { state: { 'durable-object': durableObjectState() } })
