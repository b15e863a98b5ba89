/** Who gets which new thread of the inbox: by words in its subject, by the location of its event. The first line that holds counts. */
import { Hono } from 'hono'
import { html } from 'hono/html'
import * as v from 'valibot'
import { ulidSchema } from '../../replica/kinds/kind.ts'
import { button, field, form, oneButton, select } from '../look/form.ts'
import { empty, faultNotice } from '../look/notice.ts'
import { card, table } from '../look/show.ts'
import { formOf } from '../own-forms.ts'
import { deedOf, framed, nameOfUser, type ConsoleEnv, type ConsoleParts } from './frame.ts'

const words = v.pipe(
  v.string(),
  v.maxLength(300),
  v.transform((list) => list.split(',').map((word) => word.trim()).filter(Boolean)),
) // prettier-ignore
const routeSchema = v.object({ words, location: v.string(), user: ulidSchema })
const removeSchema = v.object({ route: ulidSchema })

export function routesPage({ site, store }: ConsoleParts): Hono<ConsoleEnv> {
  const app = new Hono<ConsoleEnv>()
  const { desk } = site
  const users = () => store.all().filter((one) => !one.disabled)

  const shown = async (c: Parameters<typeof framed>[0], fault?: string) => {
    const { inbox } = c.get('reader').words.desk
    const { optional } = c.get('reader').words.frame
    const csrf = c.get('csrf')
    const [routes, locations] = [desk.routes(), await site.locations()]
    const locationOf = (id: string | null): string => (id === null ? inbox.routes.anywhere : (locations.find((one) => one.id === id)?.name ?? id)) // prettier-ignore
    const rows = routes.map((one) => [
      one.words.length === 0 ? inbox.routes.anyWords : one.words.join(', '),
      locationOf(one.location),
      nameOfUser(c, store, one.user),
      oneButton('/inbox-routes/remove', inbox.routes.remove, { csrf, route: one.id }),
    ])
    const { subject, location, user, actions } = inbox.routes.columns
    return framed(c, site, inbox.routes.title, '/inbox', [
      html`<div class="row apart dayline">
        <p>${inbox.routes.how}</p>
        <a class="button" href="/inbox">${inbox.back}</a>
      </div>`,
      faultNotice(fault),
      routes.length === 0 ? empty(inbox.routes.none, inbox.routes.noneNext, 'mail') : table(inbox.routes.title, [subject, location, user, actions], rows), // prettier-ignore
      card(
        form('/inbox-routes', { csrf }, [
          field({ name: 'words', label: inbox.routes.words, hint: inbox.routes.wordsHint, optional, more: { maxlength: 300, autocomplete: 'off' } }), // prettier-ignore
          select({ name: 'location', label: location, optional }, [{ value: '', label: inbox.routes.anywhere }, ...locations.map(({ id, name }) => ({ value: id, label: name }))]), // prettier-ignore
          select(
            { name: 'user', label: user },
            users().map(({ id, name }) => ({ value: id, label: name })),
          ),
          button(inbox.routes.add, 'main'),
        ]),
        { title: inbox.routes.new },
      ),
    ])
  }

  app.get('/inbox-routes', async (c) => c.html(await shown(c)))
  app.post('/inbox-routes', async (c) => {
    const given = v.safeParse(routeSchema, await formOf(c))
    const { routes } = c.get('reader').words.desk.inbox
    if (!given.success || !users().some((one) => one.id === given.output.user)) return c.html(await shown(c, routes.wrong), 400) // prettier-ignore
    const location = given.output.location || null
    if (location !== null && !(await site.locations()).some((one) => one.id === location)) return c.html(await shown(c, routes.wrong), 400) // prettier-ignore
    if (location === null && given.output.words.length === 0) return c.html(await shown(c, routes.wrong), 400)
    const id = desk.addRoute({ ...given.output, location })
    store.audit.record(deedOf(c, 'inbox route changed', { of: ['added', id, given.output.user] }))
    return c.redirect('/inbox-routes?said=routed', 303)
  })
  app.post('/inbox-routes/remove', async (c) => {
    const given = v.safeParse(removeSchema, await formOf(c))
    if (given.success && desk.removeRoute(given.output.route))
      store.audit.record(deedOf(c, 'inbox route changed', { of: ['removed', given.output.route] }))
    return c.redirect('/inbox-routes?said=routed', 303)
  })
  return app
}
