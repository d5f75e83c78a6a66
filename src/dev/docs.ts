import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readCatalog } from './catalog.ts'
import { providerPage } from './provider-table.ts'

// Writes the pages that are made out of code: `npm run docs`.

const path = 'src/webhooks/providers/README.md'
const entries = await readCatalog()
await writeFile(join(import.meta.dirname, '../..', path), providerPage(entries))
console.log(`sallyport docs: wrote ${path}, ${entries.length} providers`)
