/** The one line that a failed request leaves in the log. No datum of a person gets into it. */
import type { Context } from 'hono'

/** A failure for the log: where and in which code. Its message may quote what a person wrote, so it is left out. */
export function failureOf(error: Error, c: Context): string {
  const { code } = error as { code?: unknown }
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line)).slice(0, 6).map((line) => line.trim()) // prettier-ignore
  return `${c.req.method} failed with ${error.name}${typeof code === 'string' ? ` ${code}` : ''} ${frames.join(' ')}`
}
