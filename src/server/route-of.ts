/** Which route a request is for, as it was registered: what a table of needs is asked by, before the route runs. */
import type { Context } from 'hono'
import { matchedRoutes } from 'hono/route'

/** `POST /messages`; undefined where no route answers, so that there is nothing to guard. */
export function routeOf(c: Context): string | undefined {
  const found = matchedRoutes(c).find((one) => one.method === c.req.method)
  return found && `${found.method} ${found.path}`
}
