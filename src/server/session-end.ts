/** When the session of a page ends, for the page that warns before: asking keeps nobody signed in, saying "stay" does. */
import { Hono } from 'hono'
import type { Sessions } from './sessions.ts'

/** `GET /session` and `POST /session`: `{ left }`, whole seconds; 0 where nobody is signed in. */
export function sessionEnd(session: Sessions): Hono {
  const app = new Hono()
  app.get('/session', (c) => {
    const id = session.idIn(c.req.header('cookie'))
    return c.json({ left: id === undefined ? 0 : session.left(id) })
  })
  app.post('/session', (c) => {
    const current = session.current(c)
    return c.json({ left: current ? session.left(current.id) : 0 })
  })
  return app
}
