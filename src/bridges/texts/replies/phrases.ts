/**
 * What people say, in English and Spanish, as lists: one phrase between two commas, written as `wordsOf` gives it (lower
 * case, no accents, no apostrophes). To teach it a phrase, add it to its list and the reply to the corpus in `test/replies`.
 */

/** Phrases by their words. */
export type Phrases = readonly (readonly string[])[]

const list = (text: string): Phrases =>
  text.split(',').map((one) => one.trim().split(/\s+/)).filter((words) => words[0] !== '').toSorted((a, b) => b.length - a.length) // prettier-ignore

/** Replies that are nothing but one of these opt out, whatever was asked. The provider blocks most of them by itself. */
export const stopWords = list(`
  stop, stopall, stop all, unsubscribe, unsub, end, quit, revoke, opt out, optout, remove, arret, alto, pare, baja,
  parar, paren, para, basta, detener, no mas, no more, dar de baja, desuscribir, cancelar suscripcion,
  🛑`)
/** The same, but it may be the appointment that is meant: a person is told at once. */
export const cancelWords = list('cancel, cancelar, cancelen, cancele, cancela, cancelled, canceled')
/** Stop words that count where they are a whole sentence of a longer reply. */
export const stopSentences = list('stop, stopall, stop all, unsubscribe, quit, opt out, optout, go away, 🛑')

/** Clear natural language for the same, anywhere in a reply, after `asOne`. */
export const stopPhrases = list(`
  stop texting, quit texting, cease texting, stop text, stop the text, stop these text, stop all text, stop all these text, stop any text, stop your text, stop with the text,
  stop the texting, stop all texting, stop it, stop this, stop now, please stop, just stop, stop please, make it stop, make this stop, end text, end these text, cancel text, cancel these text, cancel all text,
  no more text, dont text me, do not text me, dont text this, do not text this, dont text anymore, never text me, dont send me text, dont send me any, dont send text, dont send any, do not send me text, do not send me any, do not send text, dont want text, dont want any text, dont want any more text, dont want these text, dont want your text,
  dont want more text, do not want text, do not want any more text, do not want these text, no longer want text, no longer want these text, dont wish to receive, no longer wish to receive,
  dont want to get text, dont want to get these text, dont want to get any, dont want to be getting text, dont want to receive, do not want to receive, no longer want to receive, dont want to be texted, dont contact, do not contact, never contact,
  take me off, take my number off, take this number off, get me off, remove me, remove my number, remove this number, remove my phone, remove number, delete my number, delete this number, delete me, lose my number, lose this number,
  opt me out, opt out, opting out, unsubscribe, unsubscribed, unsuscribe, leave me alone,
  no me manden, no me mande, no me mandes, no me envien, no me envie, no me envies, no me escriban, no me escriba, no me escribas, no me texteen, no mas text, no mande mas, no manden mas, no envien mas, no envie mas,
  no quiero text, no quiero mas text, no quiero recibir text, no quiero recibir mas text, no quiero estos text, ya no quiero text, ya no quiero recibir, no deseo recibir, ya no deseo recibir,
  deje de texting, dejen de texting, deja de texting, dejen de text, paren de texting, pare de texting, para de texting,
  quiteme de, quitenme de, saqueme de, saquenme de, borre mi numero, borren mi numero, elimine mi numero, eliminen mi numero, quite mi numero, quiten mi numero, deme de baja, denme de baja, darme de baja,
  dejeme en paz, dejenme en paz`)
/** Who gets the texts is not who they are for. */
export const wrongNumberPhrases = list(`
  wrong number, wrong person, wrong phone, wrong cell, wrong phone number, not her number, not his number, not their number, isnt her number, isnt his number, not her phone, not his phone,
  no longer her number, no longer his number, no longer has this number, doesnt have this number, does not have this number, has a new number, changed her number, changed his number,
  numero equivocado, persona equivocada, numero incorrecto, equivoco de numero, equivocaron de numero, equivocado de numero, no es su numero, ya no es su numero, no es el numero de, ya no tiene este numero`)
/** With one of these nothing else in a reply opts out by natural language. */
export const keepPhrases = list(`
  dont stop, do not stop, not stop, never stop, didnt stop, did you stop, dont want you to stop, dont want to stop, do not want you to stop, do not want to stop, dont unsubscribe, do not unsubscribe, not unsubscribe,
  dont opt me out, do not opt me out, not opt out, dont opt out, dont take me off, dont remove me, not remove me, do not remove me, do i have the wrong, is this the wrong, not the wrong, stop by,
  off the schedule, off your schedule, off the calendar, off your calendar, off the books, off the waitlist, off the waiting list, from the schedule, from your schedule, from the calendar, from the waitlist, from the waiting list,
  no dejen de, no deje de, no paren, no pare, no quiero que dejen, no quiero que paren, no me den de baja, no me de de baja, no me quiten, no me borren`)
/** In the phrases above these words stand for all of their kind. */
export const asOne: Readonly<Record<string, string>> = Object.fromEntries([
  ...['messaging', 'txting', 'contacting', 'sending', 'bothering', 'spamming', 'calling', 'harassing', 'writing', 'enviarme', 'mandarme', 'escribirme', 'enviar', 'mandar', 'escribir', 'molestar', 'molestarme', 'textearme', 'llamar', 'llamarme', 'escribiendo', 'mandando', 'enviando'].map((one) => [one, 'texting']), // prettier-ignore
  ...['texts', 'txt', 'txts', 'msg', 'msgs', 'message', 'messages', 'sms', 'notifications', 'reminders', 'mensaje', 'mensajes', 'texto', 'textos', 'recordatorios'].map((one) => [one, 'text']), // prettier-ignore
])

export const startWords = list('start, unstop, optin, opt in')
/** Opt in where the number is opted out and nothing is asked. */
export const yesWords = list('yes, si')
export const helpWords = list('help, info, ayuda')

/** Said beside an answer, or by itself, it means nothing. By itself it goes into the log alone. */
export const courtesies = list(`
  thanks, thank you, thank you so much, thank you very much, thanks so much, thanks a lot, many thanks, much appreciated, please, have a good day, have a great day, have a nice day, god bless, you too,
  gracias, muchas gracias, mil gracias, muy amable, por favor, buen dia, que tenga buen dia, bendiciones, igualmente,
  🙂, 😊, 😀, 😃, 😄, 😁, 😉, ☺, 🤗, 😍, 🥰, 😘, 🙏, 🙌, ❤, 🧡, 💛, 💚, 💙, 💜, 💕, 💖, 💗, 💯, 🎉, 🥳, ✨, 🌸, 🌹, 🌻, 🌞, ☀, 👏, 😎, 🤝, ‼, ❗, 😂, 😆, 🤣`)
/** Said beside an answer it means nothing; by itself it is for a person. */
export const fillers = list(`
  hi, hello, hey, hey there, hi there, good morning, good afternoon, good evening, sir, maam, doctor, dr, everyone, team, perfect, great, awesome, excellent, wonderful, cool, no problem, no worries, no change, no changes,
  i, we, the, my, our, this, that, it, for, to, and, appointment, visit, time, date,
  hola, buenos dias, buenas tardes, buenas noches, buenas, doctora, senorita, senor, senora, perfecto, excelente, muy bien, la, el, mi, cita, para, de, del, yo, con gusto, sin problema`)
/** With these a reply asks or tells that something is needed; they go with declining and moving alone. */
export const leadIns = list(`
  can, can i, can we, could, could i, could we, could you, can you, i need to, need to, i have to, have to, i want to, want to, id like to, would like to, i would like to, i must, is it possible to, possible to, may i, sorry, so sorry, unfortunately, need, needs, need a,
  lo siento, disculpe, perdon, necesito, quiero, quisiera, puedo, podemos, podria, podriamos, me gustaria, tengo que, es posible, se puede, puede, pueden, desafortunadamente, lamentablemente, favor de`)

export const confirmPhrases = list(`
  c, confirm, confirmed, confirming, i confirm, i am confirming, to confirm, can confirm, y, ye, yes, yep, yea, yeah, yup, yess, yse, yes maam, yes sir, yes i will, yes i am, yes we will, yes i can, ok, okay, okey, oki, okie, okie dokie, sure, sure thing, of course, absolutely, definitely, certainly, affirmative,
  ill be there, i will be there, well be there, we will be there, will be there, be there, im coming, i am coming, we are coming, ill come, i will come, im going, ill make it, i will make it, can make it, i can make it, planning on it, plan on it, see you then, see you there, see you all then, ill see you then, i will see you then, we will see you then, see yall then, see you soon, looking forward to it, sounds good, that works, works for me, that works for me, count me in,
  si, sip, simon, claro, claro que si, por supuesto, de acuerdo, esta bien, confirmo, confirmado, confirmada, confirmar, confirmamos, si confirmo, ahi estare, alli estare, alla estare, ahi estaremos, alli estaremos, ahi voy a estar, ahi nos vemos, alla nos vemos, nos vemos, voy a ir, voy a estar ahi, si asistire, asistire, asistiremos, alli voy, cuente conmigo, listo, vale,
  👍, ✅, 👌, ✔, ☑`)
export const declinePhrases = list(`
  n, no, nope, nah, nop, decline, declined, declining, no thanks, no thank you, not coming, im not coming, i am not coming, we are not coming, wont make it, wont be able to make it, will not make it, will not be able to make it, cant make it, cant make, cant make that, cant make this, can not make it, cant come, can not come, cant be there, cant do it, cant do that, cant go, can not go, cant attend, can not attend, cant keep, wont be there, will not be there, wont come, will not be coming, wont be coming, not going to make it, not gonna make it, not able to make it, unable to make it, unable to come, unable to attend, unable to keep, not available, im not available, not attending, wont be attending, not able to come, not able to attend,
  cancel my, cancel the, cancel my appointment, cancel the appointment, cancel appointment, cancel this appointment, cancel our appointment, cancel that appointment, cancel, to cancel, cancelling, canceling,
  no puedo, no podre, no podre ir, no podre asistir, no puedo ir, no puedo asistir, no puedo llegar, no voy, no voy a ir, no voy a poder, no voy a poder ir, no voy a poder asistir, no ire, no asistire, no vamos, no vamos a poder, no vamos a poder ir, no podemos, no podemos ir, no podremos, no podremos ir, no llegare, no voy a asistir, no voy a llegar, cancelar mi cita, cancelar la cita, cancele mi cita, cancelen mi cita, cancelar cita, cancelar`)
export const movePhrases = list(`
  r, reschedule, rescheduling, change, move, move it, change it, another time, another day, another date, another appointment, different time, different day, different date, a new time, new time, new date, new day, later date, postpone, push back, change my appointment, change the appointment, move my appointment, move the appointment, change the time, change the date, change the day,
  reprogramar, reprogramarla, reprograme, reprogramen, reagendar, reagendarla, cambiar, cambiarla, cambiar la, cambiar mi, cambiar la fecha, cambiar la hora, cambiar de dia, cambio, cambio de cita, mover, moverla, mover la, mover mi, otro dia, otra hora, otra fecha, otra cita, posponer, posponerla`)
export const arrivePhrases = list(`
  here, im here, i am here, we are here, were here, arrived, ive arrived, i have arrived, outside, im outside, in the parking lot, im in the parking lot, aqui, aqui estoy, ya llegue, llegue, estoy aqui, ya estoy aqui, ya estamos aqui, estoy afuera`)
/** They answer only as the whole reply: beside other words a kiss, an article. */
export const wholeOnly = { decline: list('x, ❌'), arrive: list('a') } as const
/** All of the events that a text lists. */
export const allPhrases = list(
  'both, both of them, all of them, for both, to both, all, todos, todas, ambos, ambas, las dos, los dos',
)
/** Between the lines of a split answer. */
export const lineWords = list('and, number, for, to, the, y, numero, para, es, is')
