/** The pages that links of mails open, in Spanish. */
import type { Words } from '../en.ts'

export const emails: Words['emails'] = {
  confirm: {
    title: 'Confirme su cita',
    ask: (when) => `¿Viene el ${when}?`,
    button: 'Sí, confirmo',
    done: 'Gracias. Su respuesta se envió a la oficina.',
    changed: 'Esa hora ha cambiado.',
    changedNext: 'Entre para ver la hora nueva, o llame a la oficina.',
  },
  stop: {
    title: 'Correos electrónicos',
    ask: '¿Quiere no recibir más correos sobre citas y mensajes en esta dirección?',
    button: 'No más correos',
    done: 'No recibirá más correos nuestros en esta dirección.',
  },
  unknown: { title: 'Este enlace no funciona', cause: 'No está completo, o aquello de lo que trata ya no está aquí.', next: 'Entre, o llame a la oficina.' }, // prettier-ignore
}
