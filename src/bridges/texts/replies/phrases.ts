/**
 * What people say, in English and Spanish, as lists: one phrase between two commas, written as `wordsOf` gives it (lower
 * case, no accents, no apostrophes). `a/b` is either word; `…` is up to three words of any kind, and stands only where a
 * reply is searched for an opt-out. To teach it a phrase, add it to its list and the reply to the corpus in `test/replies`.
 */

/** Phrases by their words. */
export type Phrases = readonly (readonly string[])[]

const list = (text: string): Phrases =>
  text.split(',').map((one) => one.trim().split(/\s+/)).filter((words) => words[0] !== '').toSorted((a, b) => b.length - a.length) // prettier-ignore

/** Replies that are nothing but one of these opt out, whatever was asked. The provider blocks most of them by itself. */
export const stopWords = list(`
  stop, stopall, stop all, unsubscribe, unsub, end, quit, revoke, opt out, optout, remove, arret, alto, pare, baja,
  parar, paren, para, basta, detener, no mas, no more, no texts, no text, no messages, no mensajes, no textos, dar de baja, desuscribir, cancelar suscripcion,
  🛑`)
/** The same, but it may be the appointment that is meant: a person is told at once. */
export const cancelWords = list('cancel, cancelar, cancelen, cancele, cancela, cancelled, canceled')
/** Stop words that count where they are a whole sentence of a longer reply. */
export const stopSentences = list('stop, stopall, stop all, unsubscribe, quit, opt out, optout, go away, 🛑')

/** After `stop` at the beginning of a sentence these speak of something else. */
export const stopsOtherwise: ReadonlySet<string> = new Set(['by', 'in', 'at', 'over', 'off', 'on', 'for', 'to', 'taking', 'using', 'smoking', 'eating', 'drinking', 'the', 'my', 'a', 'an', 'sign', 'light', 'when']) // prettier-ignore
/** Before `stop` at the end of a sentence these ask for nothing else. */
export const asksToStop = list('i said, i say, said, told you to, please, kindly, just, now, really, already, you, u, guys, need, needs, to, must, should, can, could, would, will, have, has, got, fucking, fuckin, fuck, damn, god, for gods sake, omg, ffs, seriously, everyone, de, favor') // prettier-ignore
/** Somebody who says one of these may mean to opt out: a person asks, or does it. */
export const maybeStop = list(
  'stop, stopping, stopped, unsubscribe, opt, spam, texts, texting, messages, mensajes, textos, leave, harass, harassment, harassing, lawyer, sue, fcc, tcpa, illegal, list, lista, remove, delete, cease, quit, paren, dejen',
)
/** Clear natural language for the same, anywhere in a reply, after `asOne`. */
export const stopPhrases = list(`
  stop/quit/cease/end/halt/discontinue/cancel … texting/text, stop/quit/cease … getting/receiving, turn/shut/switch … off … text, sign me off, stop/quit it/this/that, stop now, please/just stop, stop please, make/makes … stop, never/didnt agree/agreed/sign/signed/subscribe/subscribed/ask/asked … text/texting, cease and desist, knock it off, enough … texting/text,
  no more/further … texting/text, text me no more, not another text,
  dont/never … text/contact/message/bother/call me/us/my/this/here/again/anymore/ever, do not … text/contact/message/bother/call me/us/my/this/here/again/anymore/ever, dont/never … send … text, do not … send … text, dont send me any/more/anything, do not send me any/more/anything,
  dont/never … want/wish/like/care/need … text/texting/texted/contacted, do not … want/wish/like/care/need … text/texting/texted/contacted, no longer … want/wish/like/interested/need … text/texting/texted/contacted, not interested in … text/texting,
  dont/not want/wish to receive/get … from you, revoke/withdraw/rescind … consent/permission, i revoke, dont have … consent/permission, dont/never consent, do not consent, didnt consent, did not consent, no consent, unsubscribe/unsubscribed/unsuscribe/unsub, opt me/us/out, opt … out, opting out,
  remove/delete/erase/drop me/us, remove/delete/erase/drop/lose … my/this/our … number/phone/cell/contact/info, take/get me/us/my/this … off/out, take off … list, want off, off this list, off your list, remove/delete … from … list, leave me/us alone, let me alone,
  no me/nos … manden/mande/mandes/envien/envie/envies/escriban/escriba/escribas/texteen/textee/llamen/llame/contacten/contacte/molesten/moleste, no … manden/mande/envien/envie … text/mas, no mas … texting/text, no … quiero/deseo/quisiera … text/texting/recibir/reciba,
  basta/alto/pare/paren/para/deje/dejen/deja/dejar/parar … texting/text, dejar de recibir, quiteme/quitenme/saqueme/saquenme/borreme/borrenme/eliminenme/elimineme/deme/denme … de/baja, borre/borren/elimine/eliminen/quite/quiten/saque/saquen … numero/lista, no me interesa/interesan, no quiero que me/nos escriban/escriba/manden/mande/envien/envie/texteen/contacten/llamen/molesten, no autorizo/acepto/consiento/permito, dar/darme/darnos de baja, dejeme/dejenme/dejame en paz`)
/** Who gets the texts is not who they are for. */
export const wrongNumberPhrases = list(`
  wrong/incorrect number/person/phone/cell/patient/guy/lady/contact, wrong phone number, this is not … number/phone/cell, this isnt … number/phone/cell, thats not … number/phone, not her/his/their number/phone/cell, not … number/phone anymore, no longer … number/phone, doesnt/dont have this number/phone, does not have this number/phone, has a new number, changed her/his/their number, new owner of this, nobody/noone by that name, no one by that name, no … at this number, not at this number,
  numero/persona/telefono equivocado/equivocada/incorrecto, equivoco/equivocaron/equivocado … numero, no es … numero/telefono/celular de, no es su numero/telefono/celular, numero/telefono/celular no es de, ya no tiene este numero/telefono`)
/** With one of these nothing else in a reply opts out by natural language. */
export const keepPhrases = list(`
  dont/didnt/never/not … stop/unsubscribe, do not stop/unsubscribe, did you … stop, dont/not … opt … out, dont … take/remove/delete/drop me, do not … take/remove/delete/drop me, dont you, do i have the wrong, is this the wrong, not the wrong, stop by,
  calling it, off/from the/your … schedule/calendar/books/waitlist/waiting/appointment, from … schedule/calendar/waitlist,
  no … dejen/deje/paren/pare, no me/nos … den/de/quiten/quite/borren/borre/saquen/saque`)
/** In the phrases above these words stand for all of their kind. */
export const asOne: Readonly<Record<string, string>> = Object.fromEntries([
  ...['messaging', 'txting', 'contacting', 'sending', 'bothering', 'spamming', 'calling', 'harassing', 'writing', 'enviarme', 'mandarme', 'escribirme', 'enviar', 'mandar', 'escribir', 'molestar', 'molestarme', 'textearme', 'llamar', 'llamarme', 'escribiendo', 'mandando', 'enviando', 'pestering', 'pinging', 'communicating', 'blasting', 'harassment', 'spam'].map((one) => [one, 'texting']), // prettier-ignore
  ...['texts', 'txt', 'txts', 'msg', 'msgs', 'message', 'messages', 'sms', 'notifications', 'notification', 'reminders', 'alerts', 'spams', 'communication', 'communications', 'stuff', 'crap', 'mensaje', 'mensajes', 'texto', 'textos', 'recordatorios'].map((one) => [one, 'text']), // prettier-ignore
])

export const startWords = list('start, unstop, optin, opt in')
/** Opt in where the number is opted out and nothing is asked. */
export const yesWords = list('yes, si')
export const helpWords = list('help, info, ayuda')

/** Said beside an answer, or by itself, it means nothing. By itself it goes into the log alone. */
export const courtesies = list(`
  thanks, thank you, thank you so much, thank you very much, thanks so much, thanks a lot, thanks for the reminder, thank you for the reminder, thanks for reminding me, thank you for reminding me, many thanks, much appreciated, please, have a good day, have a great day, have a nice day, god bless, you too,
  gracias, muchas gracias, mil gracias, gracias por avisar, muchas gracias por avisar, gracias por recordarme, gracias por el recordatorio, muy amable, por favor, buen dia, que tenga buen dia, bendiciones, igualmente,
  🙂, 😊, 😀, 😃, 😄, 😁, 😉, ☺, 🤗, 😍, 🥰, 😘, 🙏, 🙌, ❤, 🧡, 💛, 💚, 💙, 💜, 💕, 💖, 💗, 💯, 🎉, 🥳, ✨, 🌸, 🌹, 🌻, 🌞, ☀, 👏, 😎, 🤝, ‼, ❗, 😂, 😆, 🤣`)
/** Said beside an answer it means nothing; by itself it is for a person. */
export const fillers = list(`
  hi, hello, hey, hey there, hi there, good morning, good afternoon, good evening, sir, maam, doctor, dr, everyone, team, cant wait, perfect, great, awesome, excellent, wonderful, cool, no problem, no worries, no change, no changes,
  i, we, the, my, our, this, that, it, for, to, and, appointment, visit,
  hola, buenos dias, buenas tardes, buenas noches, buenas, doctora, senorita, senor, senora, perfecto, excelente, muy bien, la, el, mi, cita, para, de, del, yo, con gusto, sin problema, asistencia`)
/** With these a reply asks or tells that something is needed; they go with declining and moving alone. */
export const leadIns = list(`
  can, can i, can we, can we do, could we do, can we do a, could we do a, but, im, i am, am, could, could i, could we, could you, can you, i need to, need to, i have to, have to, i want to, want to, id like to, would like to, i would like to, i must, is it possible to, possible to, may i, sorry, so sorry, unfortunately, need, needs, need a,
  lo siento, disculpe, perdon, necesito, quiero, quisiera, puedo, podemos, podria, podriamos, me gustaria, tengo que, es posible, se puede, puede, pueden, desafortunadamente, lamentablemente, favor de`)

export const confirmPhrases = list(`
  c, confirm, confirmed, confirming, is confirmed, its confirmed, i confirm, i am confirming, to confirm, can confirm, y, ye, yes, yep, yea, yeah, yup, yess, yse, yes maam, yes sir, yes i will, yes i am, yes we will, ok, okay, okey, oki, okie, okie dokie, sure, sure thing, of course, absolutely, definitely, certainly, affirmative,
  ill be there, i will be there, well be there, we will be there, will be there, be there, im coming, i am coming, we are coming, ill come, i will come, im going, ill make it, i will make it, yes i can make it, yes can make it, yes we can make it, planning on it, plan on it, see you, see you then, see you there, see you all then, i will see you, ill see you, well see you, we will see you, ill see you then, i will see you then, we will see you then, see yall then, see you soon, looking forward to it, sounds good, that works, works for me, that works for me, count me in,
  si, sip, simon, claro, claro que si, por supuesto, de acuerdo, esta bien, confirmo, confirmado, confirmada, confirmar, confirmamos, si confirmo, ahi estare, alli estare, alla estare, ahi estaremos, alli estaremos, ahi voy a estar, ahi nos vemos, alla nos vemos, nos vemos, voy a ir, voy a estar ahi, si asistire, asistire, asistiremos, alli voy, cuente conmigo, listo, vale,
  👍, ✅, 👌, ✔, ☑`)
export const declinePhrases = list(`
  n, no, nope, nah, nop, decline, declined, declining, no thanks, no thank you, not coming, im not coming, i am not coming, we are not coming, wont make it, wont/unable/not be able to come/attend/go/keep, wont be able to make it, will not make it, will not be able to make it, cant, no can do, cant do, cant make it, cant make, cant make that, cant make this, can not make it, cant come, can not come, cant be there, cant do it, cant do that, cant go, can not go, cant attend, can not attend, cant keep, wont be there, will not be there, wont come, will not be coming, wont be coming, not going to make it, not gonna make it, not able to make it, unable to make it, unable to come, unable to attend, unable to keep, not available, im not available, not attending, wont be attending, not able to come, not able to attend,
  cancel my, cancel the, cancel my appointment, cancel the appointment, cancel appointment, cancel this appointment, cancel our appointment, cancel that appointment, cancel, to cancel, cancelling, canceling,
  no puedo, no podre, no podre ir, no podre asistir, no puedo ir, no puedo asistir, no puedo llegar, no voy, no voy a ir, no voy a poder, no voy a poder ir, no voy a poder asistir, no ire, no asistire, no vamos, no vamos a poder, no vamos a poder ir, no podemos, no podemos ir, no podremos, no podremos ir, no llegare, no voy a asistir, no voy a llegar, cancelar mi cita, cancelar la cita, cancele mi cita, cancelen mi cita, cancelar cita, cancelar`)
export const movePhrases = list(`
  r, reschedule, reschedule me/it, rescheduling, change, move, move it, change it, another time, another day, another date, another appointment, different time, different day, different date, a new time, new time, new date, new day, later date, postpone, push back, change my appointment, change the appointment, move my appointment, move the appointment, change the time, change the date, change the day,
  reprogramar, reprogramarla, reprograme, reprogramen, reagendar, reagendarla, cambiar, cambiarla, cambiar la, cambiar mi, cambiar la fecha, cambiar la hora, cambiar de dia, cambio, cambio de cita, mover, moverla, mover la, mover mi, otro dia, otra hora, otra fecha, otra cita, cambiar cita, posponer, posponerla`)
export const arrivePhrases = list(`
  here, im here, i am here, we are here, were here, arrived, ive arrived, i have arrived, outside, im outside, in the parking lot, im in the parking lot, aqui, aqui estoy, ya llegue, llegue, estoy aqui, ya estoy aqui, ya estamos aqui, estoy afuera`)
/** They answer only as the whole reply: beside other words a kiss, an article. */
export const wholeOnly = { decline: list('x, ❌'), arrive: list('a') } as const
/** Who says so keeps the appointment, whatever the words are by themselves: for a person. */
export const keepsIt = list(
  'no cancel, no cancelar, no cancele, no cancelen, no cancelo, no la cancele, no la cancelen, no cambiar, no cambie, no cambien, no mover',
)
/** Who says so asks the practice to confirm. */
export const asksUs = list(
  'please/pls confirm, can/could/will/would you … confirm, confirm with/if/when/what/whether, me/nos confirman/confirma/confirmen/confirme/pueden/puede, por favor confirmen/confirme/confirmenme/confirmeme',
)
/** All of the events that a text lists. */
export const allPhrases = list(
  'both, both of them, all of them, for both, to both, all, todos, todas, ambos, ambas, las dos, los dos',
)
/** Between the lines of a split answer. */
export const lineWords = list('and, number, for, to, the, y, numero, para, es, is')
