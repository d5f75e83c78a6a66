import { createServer } from 'node:net'
import { freePorts, type Project, type Run, run } from './project.ts'

export interface Ports {
  gateway: number
  origin: number
  issuer: number
}

export interface Playground {
  running: Run
  ports: Ports
}

export const READY = /^sallyport ready http:\/\/127\.0\.0\.1:\d+$/
export const isServing = (line: string): boolean => line.startsWith('serving until Ctrl-C')

/** Runs `npm start` in a project, on ports that were free a moment ago unless they are given. */
export async function start(project: Project, flags: string[], given?: Ports): Promise<Playground> {
  const [gateway = 0, origin = 0, issuer = 0] = given ? [] : await freePorts(3)
  const ports = given ?? { gateway, origin, issuer }
  const running = run('npm', ['start', '--', ...flags], {
    cwd: project.root,
    env: {
      PORT: String(ports.gateway),
      ORIGIN_PORT: String(ports.origin),
      ISSUER_PORT: String(ports.issuer),
    },
  })
  return { running, ports }
}

export async function end(running: Run): Promise<void> {
  running.signal('SIGTERM')
  await running.ended
}

export async function isFree(port: number): Promise<boolean> {
  const server = createServer()
  return new Promise((resolve) => {
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}

export const at = (port: number, path: string): string => `http://127.0.0.1:${port}${path}`
