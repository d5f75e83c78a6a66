import { spawn } from 'node:child_process'

/** Watches this process on behalf of what it started. */
export interface Watch {
  /** Ends the watch, and nothing else. */
  dismiss(): Promise<void>
}

// `read` returns when this process has ended, however it ended: the system then closes its end of the pipe.
// A signal that a terminal sends to all must not end the watch first.
const SCRIPT = 'trap "" INT TERM HUP; read -r _; kill -s KILL -- "$1" 2>/dev/null; rm -rf -- "$2"'

/**
 * Ends what we started, and removes its directory, as soon as this process has ended, killed or not.
 * `target` is a pid, or a process group as its negative number.
 */
export function endWithUs(target: number, directory: string): Watch {
  const watcher = spawn('/bin/sh', ['-c', SCRIPT, 'sh', String(target), directory], {
    stdio: ['pipe', 'ignore', 'ignore'],
    // A group of its own: it must not be in the one that it ends.
    detached: true,
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
