import { pathToFileURL } from 'node:url'
import { providers, vectorFileOf } from '../dev/catalog.ts'
import { readOptions, StartError } from '../dev/options.ts'
import type { Routes } from '../gateway.ts'
import { UsageError } from './arguments.ts'
import { LoadError, loadRoutes } from './load.ts'
import { sendAll } from './send/all.ts'
import { readSend, type SendCommand, USAGE } from './send/command.ts'
import { checkSecrets, materialOf, readVars, secretNameOf } from './send/material.ts'
import { sendOne } from './send/one.ts'

async function run(command: SendCommand, print: (line: string) => void): Promise<number> {
  const root = process.cwd()
  const { ports } = readOptions([], process.env)
  const routes = (await loadRoutes(root)) as Routes
  const urlOf = (name: string) => `http://127.0.0.1:${ports.gateway}/webhooks/${name}`
  if (command.provider !== undefined) return sendOne(command, { routes, root, urlOf }, print)
  const vars = await readVars(root)
  const materials = providers.map((provider) =>
    materialOf(provider, vectorFileOf(provider.scheme.name).sample, secretNameOf(provider, routes), vars),
  )
  checkSecrets(materials, '.dev.vars')
  const surprises = await sendAll(materials, urlOf, `http://127.0.0.1:${ports.origin}`, print)
  for (const surprise of surprises) print(`surprise: ${surprise}`)
  const many = surprises.length === 1 ? '1 surprise' : `${surprises.length} surprises`
  print(`${providers.length} providers, ${surprises.length === 0 ? 'no surprise' : many}`)
  return surprises.length === 0 ? 0 : 1
}

async function main(): Promise<void> {
  const args = process.argv.slice(2)
  if (args.length === 0 || args.includes('--help') || args.includes('-h')) {
    console.log(`${USAGE}\n\nproviders: ${providers.map(({ scheme }) => scheme.name).join(' ')}`)
    return
  }
  try {
    process.exitCode = await run(readSend(args), console.log)
  } catch (error) {
    if (!(error instanceof UsageError || error instanceof LoadError || error instanceof StartError))
      throw error
    console.error(`sallyport send: ${error.message}`)
    process.exitCode = 1
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) await main()
