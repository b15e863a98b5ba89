/** Spanish: the patient's pages. */
import type { patient as english } from '../en/patient.ts'
import { counting } from '../plural.ts'

const count = counting('es')

export const patient: typeof english = {
  menu: { home: 'Inicio', messages: 'Mensajes', plan: 'Mi plan' },
  said: {
    confirmed: 'Gracias. Su respuesta se envió al consultorio.',
    moved: 'Esta cita cambió después de que usted abrió la página. Su respuesta no vale para la nueva hora.',
    asked: 'Su petición se envió al consultorio. Le van a responder.',
    sent: 'Su mensaje se envió al consultorio.',
    password: 'Su contraseña está guardada.',
  },
  home: {
    newMessages: (n) => `Tiene ${count(n, { one: 'mensaje nuevo', other: 'mensajes nuevos' })}`,
    noAppointments: 'No tiene citas próximas.',
    noAppointmentsNext: 'Para hacer una, llame al consultorio.',
    next: 'Su próxima cita',
    later: 'Cita posterior',
    zone: (name) => `Hora del consultorio: ${name}`,
    confirm: 'Confirmar',
    confirmed: (when) => `Confirmada en la agenda del consultorio: ${when}`,
    sent: 'Enviado al consultorio',
    officeOffline: 'El consultorio está sin conexión. Tenemos su respuesta y la vamos a entregar.',
    changed: 'Esta cita cambió.',
    changedNext: 'Por favor confirme la nueva hora.',
    change: 'Necesito un cambio',
    decline: 'No puedo ir',
    move: 'Pedir otra hora',
    note: 'Algo que el consultorio deba saber',
    officeDecides: 'El consultorio decide y le responde. Nada cambia antes.',
    asOf: (when) => `Datos del consultorio: ${when}`,
    firstUpload: 'la primera carga',
    nextTime: 'La próxima vez',
    nextTimeWhy: 'Elija una contraseña para poder entrar sin invitación.',
  },
  messages: {
    none: 'Todavía no hay mensajes.',
    noneNext: 'Lo que el consultorio le escriba aparece aquí.',
    office: 'El consultorio',
    you: 'Usted',
    retracted: 'Este mensaje se retiró.',
    writeNew: 'Escribir un mensaje nuevo',
    subject: 'Asunto',
    message: 'Mensaje',
    answer: 'Su respuesta',
    send: 'Enviar mensaje',
    sendAnswer: 'Enviar respuesta',
  },
  plan: {
    none: 'Todavía no hay un plan que mostrar.',
    noneNext: 'El consultorio lo agrega después de su primera visita.',
    done: 'Hecho',
    doneOn: (day) => `Hecho el ${day}`,
    nextStep: 'Siguiente paso',
    later: 'Más adelante',
  },
}
