/** Spanish: replies to texts that a person must read, at the console. */
import type { replies as english } from '../en/replies.ts'

export const replies: typeof english = {
  what: '¿Qué es?',
  ours: 'Nuestro mensaje',
  nobody: 'Un número que no es de ningún paciente',
  noWords: 'Sin palabras: llegó una foto o un archivo.',
  noEvents: 'No se preguntó por ningún evento.',
  changed: 'Ha cambiado desde entonces',
  text: 'Mensaje de texto',
  why: {
    'not understood': 'No se pudo entender con seguridad.',
    mixed: 'Dice más de una cosa, o pregunta o agrega algo.',
    'nothing was asked': 'No se había pedido ninguna respuesta.',
    'several events': 'Puede ser para más de un evento.',
    'two families': 'El número es de más de una familia.',
    'changed mind': 'Dice otra cosa que la respuesta anterior.',
    media: 'Llegó con una foto o un archivo.',
    'may opt out': 'Puede querer decir que no desea más mensajes.',
  },
  takenFor: { confirm: 'Confirma', decline: 'No puede venir', move: 'Pide otra hora', nothing: 'Nada' },
  save: 'Guardar',
  openInInbox: 'Leerla en la bandeja de entrada',
  unknown: {
    title: 'No existe esa respuesta',
    cause: 'Esta respuesta no está aquí, o ya no está.',
    next: 'Vuelva a la bandeja de entrada.',
  },
}
