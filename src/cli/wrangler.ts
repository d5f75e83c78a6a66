import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

/** The installed wrangler's command, to be run with this Node. */
export const wranglerCommand = (): string =>
  join(dirname(createRequire(import.meta.url).resolve('wrangler/package.json')), 'bin/wrangler.js')

/** Set to `1` for a `wrangler dev` whose project was checked a moment ago; a deployment takes no notice of it. */
export const CHECKED = 'SALLYPORT_CHECKED'
