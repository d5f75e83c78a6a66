import { createGateway, type StateFactory } from 'sallyport'
import routes from './routes.ts'

/** Admits everything and remembers nothing: what is left is the cost of the pipeline alone. Protects nobody. */
const noState: StateFactory = () => ({
  async admit({ limits }) {
    const readings = limits.map(({ name, max, windowMs }) => ({
      name,
      max,
      windowMs,
      remaining: max - 1,
      resetSeconds: 1,
    }))
    return { outcome: 'admitted', limits: readings, reported: [] }
  },
  settle: async () => true,
  async giveBack() {},
  knowsBlocked: () => false,
  recall: async () => undefined,
  async keep() {},
  findApiKey: async () => undefined,
})

export default createGateway(routes, { state: { 'durable-object': noState } })
