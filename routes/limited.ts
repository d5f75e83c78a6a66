import { anonymous, defineRoute } from 'sallyport'
import * as v from 'valibot'

export default defineRoute({
  method: 'POST',
  path: '/demo/limited',
  owner: 'platform',
  sensitivity: 'public',
  // Open to anybody: what guards it are its limit and its schema.
  authenticate: anonymous(),
  limits: [{ by: 'client', max: 5, window: '10 s' }],
  body: v.looseObject({}),
  forward: { to: 'ORIGIN_URL' },
})
