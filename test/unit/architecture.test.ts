import { globSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = resolve(import.meta.dirname, '../..')

/** What each room may import, as prefixes of paths below `src/` or of package names; its own room is always allowed. */
const POLICY = [
  'route.ts',
  'options.ts',
  'pattern.ts',
  'clients.ts',
  'limits.ts',
  'units.ts',
  'failure.ts',
  'sender.ts',
  'compile.ts',
]

const rooms: { room: string; may: string[] }[] = [
  { room: 'lib/', may: [] },
  { room: 'origin/', may: [] },
  { room: 'testing/', may: ['lib/', 'webhooks/'] },
  {
    room: 'state/durable-object/',
    may: ['state/state.ts', 'state/limits.ts', 'state/operations.ts', 'cloudflare:workers'],
  },
  {
    room: 'state/upstash/',
    may: [
      'state/state.ts',
      'state/limits.ts',
      'state/operations.ts',
      'lib/',
      '@upstash/ratelimit',
      '@upstash/redis/cloudflare',
      // The transport alone, in the place of the whole client.
      '../node_modules/@upstash/redis/chunk-4WQYU7T6.mjs',
    ],
  },
  // What stands in each isolate between the stages and any backend.
  { room: 'state/isolate/', may: ['state/state.ts', 'state/limits.ts', 'lib/'] },
  { room: 'state/limits.ts', may: ['state/state.ts'] },
  { room: 'state/operations.ts', may: [] },
  { room: 'state/state.ts', may: ['state/store.ts'] },
  { room: 'state/store.ts', may: [] },
  {
    room: 'webhooks/',
    may: ['authenticator.ts', 'contract.ts', 'principals.ts', 'names.ts', 'route.ts', 'options.ts', 'lib/'],
  },
  // Who a caller is: the schemes, and the keys that issuers publish.
  {
    room: 'credentials/',
    may: [
      'authenticator.ts',
      'contract.ts',
      'principals.ts',
      'names.ts',
      'options.ts',
      'revocable.ts',
      'keys/index.ts',
      'lib/',
      'jose',
      'valibot',
    ],
  },
  { room: 'keys/', may: ['authenticator.ts', 'contract.ts', 'names.ts', 'options.ts', 'lib/'] },
  // Who may: predicates that describe themselves.
  { room: 'rules/', may: ['contract.ts', 'principals.ts', 'lib/'] },
  // What operators change from outside, by signed commands.
  {
    room: 'control/',
    may: [
      'authenticator.ts',
      'compile.ts',
      'passage.ts',
      'pattern.ts',
      'route.ts',
      'stages/',
      'credentials/api-key/record.ts',
      'valibot',
      'contract.ts',
      'denials.ts',
      'names.ts',
      'options.ts',
      'revocable.ts',
      'lib/',
      'origin/',
      'state/operations.ts',
      'state/state.ts',
    ],
  },
  {
    room: 'stages/forward/',
    may: ['contract.ts', 'denials.ts', 'route.ts', 'lib/', 'origin/sign.ts', 'origin/base.ts'],
  },
  {
    room: 'stages/admit/',
    may: ['contract.ts', 'denials.ts', 'principals.ts', 'route.ts', 'lib/', 'state/state.ts'],
  },
  { room: 'stages/validate/', may: ['contract.ts', 'route.ts', 'lib/', 'valibot'] },
  { room: 'stages/record/', may: ['contract.ts', 'denials.ts', 'route.ts', 'lib/', 'state/state.ts'] },
  { room: 'stages/', may: ['contract.ts', 'denials.ts', 'route.ts', 'lib/', 'state/state.ts', 'valibot'] },
  { room: 'dev/', may: ['*'] },
  { room: 'cli/', may: ['*'] },
  {
    room: 'worker.ts',
    may: ['sallyport', 'sallyport/durable-object', 'sallyport/upstash', '../routes/index.ts'],
  },
  // The hall: files of their own, from the types that all share up to what createGateway wires.
  { room: 'principals.ts', may: [] },
  { room: 'revocable.ts', may: [] },
  { room: 'authenticator.ts', may: ['contract.ts', 'principals.ts', 'state/store.ts'] },
  { room: 'challenge.ts', may: ['authenticator.ts', 'contract.ts', 'denials.ts'] },
  { room: 'contract.ts', may: ['denials.ts', 'principals.ts', 'lib/', 'state/state.ts'] },
  { room: 'denials.ts', may: ['contract.ts', 'lib/'] },
  { room: 'names.ts', may: [] },
  ...[
    'route',
    'options',
    'pattern',
    'clients',
    'limits',
    'units',
    'failure',
    'sender',
    'compile',
    'define',
    'anonymous',
  ].map((name) => ({
    room: `${name}.ts`,
    may: [
      'authenticator.ts',
      'contract.ts',
      'principals.ts',
      'names.ts',
      'rules/',
      'lib/',
      'valibot',
      ...POLICY,
    ],
  })),
  {
    room: 'settings.ts',
    may: [
      'control/index.ts',
      'contract.ts',
      'names.ts',
      'route.ts',
      'options.ts',
      'clients.ts',
      'resource.ts',
      'stages/',
      'state/state.ts',
      'state/store.ts',
      'state/isolate/',
    ],
  },
  {
    room: 'passage.ts',
    may: [
      'authenticator.ts',
      'challenge.ts',
      'contract.ts',
      'denials.ts',
      'route.ts',
      'settings.ts',
      'lib/',
      'stages/',
      'state/state.ts',
    ],
  },
  ...['pipeline', 'observe'].map((name) => ({
    room: `${name}.ts`,
    may: ['contract.ts', 'passage.ts', 'lib/', 'stages/', 'state/state.ts'],
  })),
  { room: 'pools.ts', may: ['route.ts'] },
  {
    room: 'resource.ts',
    may: [
      'authenticator.ts',
      'compile.ts',
      'contract.ts',
      'names.ts',
      'options.ts',
      'pattern.ts',
      'principals.ts',
      'route.ts',
      'rules/describe.ts',
    ],
  },
  { room: 'unmatched.ts', may: ['anonymous.ts', 'compile.ts', 'names.ts', 'pattern.ts', 'route.ts'] },
  { room: 'bindings.ts', may: ['contract.ts'] },
  { room: 'places.ts', may: ['pattern.ts', 'route.ts'] },
  {
    room: 'visit.ts',
    may: [
      'contract.ts',
      'denials.ts',
      'observe.ts',
      'passage.ts',
      'pipeline.ts',
      'route.ts',
      'settings.ts',
      'stages/record/index.ts',
    ],
  },
  {
    room: 'router.ts',
    may: [
      'contract.ts',
      'places.ts',
      'settings.ts',
      'stages/record/index.ts',
      'unmatched.ts',
      'visit.ts',
      'hono/router',
      'hono/router/pattern-router',
    ],
  },
  {
    room: 'gateway.ts',
    may: [
      'bindings.ts',
      'control/index.ts',
      'contract.ts',
      'denials.ts',
      'passage.ts',
      'places.ts',
      'pools.ts',
      'resource.ts',
      'route.ts',
      'router.ts',
      'settings.ts',
      'stages/',
      'visit.ts',
    ],
  },
  {
    room: 'index.ts',
    may: [
      'control/index.ts',
      'anonymous.ts',
      'authenticator.ts',
      'contract.ts',
      'principals.ts',
      'resource.ts',
      'rules/index.ts',
      'define.ts',
      'gateway.ts',
      'names.ts',
      'route.ts',
      'settings.ts',
      'lib/',
      'stages/record/event.ts',
      'state/state.ts',
    ],
  },
]

const isStageFile = (path: string) => /^stages\/[a-z-]+\.ts$/.test(path)

/** Every import that its room does not allow. */
function violations(files: ReadonlyMap<string, string>): string[] {
  const found: string[] = []
  for (const [path, source] of files) {
    const rule = rooms.find(({ room }) => (room.endsWith('/') ? path.startsWith(room) : path === room))
    if (!rule) {
      found.push(`${path} is in no room`)
      continue
    }
    const { room, may } = rule
    for (const [, specifier = ''] of source.matchAll(/\b(?:from\s+|import\s+|import\(\s*)'([^']+)'/g)) {
      const target = specifier.startsWith('.') ? join(dirname(path), specifier) : specifier
      const own = room.endsWith('/') && target.startsWith(room) && !(isStageFile(path) && target !== path)
      const allowed = may.some((rule) => {
        if (rule === '*') return true
        return rule.endsWith('/') ? target.startsWith(rule) : target === rule
      })
      if (!own && !allowed) found.push(`${path} → ${target}`)
    }
  }
  return found
}

const sources = new Map(
  globSync('**/*.ts', { cwd: join(root, 'src') })
    .filter((path) => !path.endsWith('.d.ts'))
    .map((path) => [path, withoutComments(readFileSync(join(root, 'src', path), 'utf8'))] as const),
)

/** Examples in comments import what users import; a comment begins its line, and `'/*'` in code begins none. */
function withoutComments(source: string): string {
  return source.replace(/^\s*\/\*[\s\S]*?\*\//gm, '')
}

describe('the rooms of src/', () => {
  it('are walked, every one of them', () => {
    expect(sources.size).toBeGreaterThan(60)
    for (const { room } of rooms)
      expect(
        [...sources.keys()].some((path) => path.startsWith(room)),
        room,
      ).toBe(true)
  })

  it('import only what their room allows', () => {
    expect(violations(sources)).toEqual([])
  })

  it.each([
    ['a stage that reads another stage', 'stages/read.ts', "import { admit } from './admit.ts'"],
    ['a stage that reads a provider', 'stages/admit.ts', "import { github } from '../webhooks/github.ts'"],
    [
      'a stage that reads a backend',
      'stages/admit.ts',
      "import { x } from '../state/durable-object/index.ts'",
    ],
    ['a stage that reads a route file', 'stages/admit.ts', "import x from '../../routes/github.ts'"],
    [
      'a part of validate that reads another stage',
      'stages/validate/content.ts',
      "import { read } from '../read.ts'",
    ],
    ['a provider that reads a stage', 'webhooks/github.ts', "import { read } from '../stages/read.ts'"],
    [
      'a backend that reads a stage',
      'state/durable-object/object.ts',
      "import { read } from '../../stages/read.ts'",
    ],
    ['lib that imports a package', 'lib/json.ts', "import * as v from 'valibot'"],
    ['lib that reads the contract', 'lib/json.ts', "import { allow } from '../contract.ts'"],
    ['the verifier with a dependency', 'origin/verify.ts', "import { sha256 } from '../lib/digest.ts'"],
    ['the gateway that reads the routes', 'gateway.ts', "import routes from '../routes/index.ts'"],
    [
      'the gateway that chooses a backend',
      'gateway.ts',
      "import { s } from './state/durable-object/index.ts'",
    ],
    ['a file that belongs to no room', 'helper.ts', ''],
    ['a rule that reads a stage', 'rules/scopes.ts', "import { read } from '../stages/read.ts'"],
    ['a rule that reads a credential', 'rules/claims.ts', "import { x } from '../credentials/index.ts'"],
    ['the contract that reads a stage', 'contract.ts', "import { read } from './stages/read.ts'"],
    ['an import behind a pattern', 'gateway.ts', "const path = '/*'\nimport { x } from 'node:fs'"],
    ['Worker code that needs Node', 'pipeline.ts', "import { readFile } from 'node:fs'"],
    ['Worker code that takes a dev program along', 'gateway.ts', "const x = await import('./dev/start.ts')"],
  ])('would catch %s', (_, path, line) => {
    expect(violations(new Map([[path, line]]))).toHaveLength(1)
  })
})

describe('the files of src/', () => {
  it('stay under 300 lines', () => {
    const long = [...sources].filter(
      ([path]) => readFileSync(join(root, 'src', path), 'utf8').split('\n').length > 300,
    )
    expect(long.map(([path]) => path)).toEqual([])
  })

  it('have names that say what is inside', () => {
    expect(
      [...sources.keys()].filter((path) => /(utils?|helpers?|common|misc|manager)(\/|\.ts)/.test(path)),
    ).toEqual([])
  })
})
