import { spawn } from 'node:child_process'

/** Watches over a process on behalf of this one. */
export interface Guard {
  /** Ends the watch, not the process. */
  dismiss(): Promise<void>
}

// `read` returns when this process has ended, however it ended: the system then closes its end of the pipe.
// A signal that a terminal sends to all must not end the guard first.
const WATCH = 'trap "" INT TERM HUP; read -r _; kill -9 "$1" 2>/dev/null; rm -rf -- "$2"'

/** Ends a process and removes its directory as soon as this process has ended, killed or not. */
export function guard(pid: number, directory: string): Guard {
  const watcher = spawn('/bin/sh', ['-c', WATCH, 'sh', String(pid), directory], {
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  const exited = new Promise<void>((resolve) => {
    watcher.once('close', () => resolve()).once('error', () => resolve())
  })
  return {
    async dismiss() {
      watcher.kill('SIGKILL')
      await exited
    },
  }
}
