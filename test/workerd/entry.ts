export { SallyportState } from '../../src/state/durable-object/index.ts'

export default { fetch: () => new Response(null, { status: 404 }) }
