"""Sentences with holes, from which the names model learns. Own words; none is from a corpus or a benchmark.

Holes: ``{P}`` a person however written, ``{F}`` a given name, ``{S}`` a family name, ``{A}`` a postal address in a line,
``{B}`` one over several lines, ``{C}`` a town (which alone is nobody's), ``{O}`` an organisation, ``{E}`` an e-mail
address, ``{T}`` a telephone number, ``{D}`` a date, ``{N}`` a number, ``{M}`` an amount, ``{R}`` a product or place.
"""

ENGLISH = r"""
Hi {F},
Hi {P},
Hello {F}!
Hey {F}, are you around?
hey {F} can you send me the file
Dear {P},
Dear Mr {S},
Dear Mrs. {S}, thank you for your letter of {D}.
Dear Ms {S} and Mr {S},
Dear Dr. {S},
Dear Prof. {P}
Good morning {F},
Morning {F} - quick question
Thanks, {F}
Thanks {F}!
Best regards, {P}
Best, {F}
Cheers, {F}
Kind regards,\n{P}\n{O}
Regards\n{P}
Sincerely,\n\n{P}
Yours truly,\n{P}\n{B}
Love, {F}
-- \n{P}\n{O}\n{T}
{P} | {O}
{P}, {O}
{P} wrote:
On {D}, {P} <{E}> wrote:
On {D} at 10:14 {P} wrote:
From: {P} <{E}>\nTo: {P} <{E}>\nSubject: Meeting notes
From: {P}\nSent: Monday\nTo: {P}; {P}\nCc: {P}
Cc: {P}, {P} and {P}
To: "{P}" <{E}>
Reply-To: {P}
Attendees: {P}, {P}, {P}
Present: {F}, {F}, {F} and {P}
Name: {P}
Name:\t{P}
Name: {P}\nAddress: {A}\nPhone: {T}\nDate of birth: {D}
name={P}
"name": "{P}", "email": "{E}"
"first_name": "{F}", "last_name": "{S}"
{{"customer": {{"name": "{P}", "address": "{A}"}}}}
First name: {F}\nLast name: {S}
First name\tLast name\tCity\n{F}\t{S}\t{C}
given name {F}, surname {S}
{F};{S};{E};{T}
{P},{E},{T}
{P},{A},{N}
id,name,email\n{N},{P},{E}\n{N},{P},{E}
INSERT INTO customers VALUES ({N}, '{P}', '{E}', '{A}');
Customer: {P}
Patient: {P}, born {D}
Patient {P} was admitted on {D} with chest pain.
The patient, {P}, lives at {A}.
Employee {P} ({N}) asked for leave from {D}.
Account holder: {P}
account in the name of {P}
Cardholder {P}
Billing address: {A}
Shipping address:\n{P}\n{B}
Ship to: {P}, {A}
Deliver to\n{B}
Send it to {A}, please.
Please send the parcel to {P}, {A}.
please send it to {A}
My address is {A}.
my address is {A} and my phone is {T}
our new address is {A}
I live at {A}
i live at {A} now
We moved to {A} last month.
He lives at {A} with his wife {F}.
She lives on {A}.
The flat is at {A}, ring twice.
Where is {A}?
Pick me up at {A} at 7pm
Meet me at {A}.
The meeting is at {A} on {D}.
the office at {A} is closed
Property: {A}
Address\t{A}
Address line 1: {A}
Residence: {A}
home address: {A}
Residing at {A}, she works for {O}.
My name is {P}.
my name is {P} and i have a question
My name is {F} and I live in {C}.
i am {P}, calling about my order {N}
I'm {P} from {O}.
This is {P} from {O}, please call me back on {T}.
this is {F}
hi its {P} here
it's {F} again
Speaking with {P} now.
Talk to {F} about it.
Ask {F} or {F}.
ask {P} to call {T}
call {P} at {T}
Call {F} back, then write to {E}
todo: email {P} about the contract
remind {F} to sign
I met {P} in {C} yesterday.
I had lunch with {F} and {F} on {D}.
lunch with {P} tomorrow?
meeting with {P}
1:1 {F} / {F}
{F} said that it works now.
{F} says hi
{P} said the report is late.
{P} and {P} agreed to sign on {D}.
{P} is on holiday until {D}.
{P} joined the team as a manager.
{P} will present the results.
{P} has left the channel
{P} is typing
{P} reacted to your message
{P} (you)
{P} - Chat
Chat with {P} - {R}
{P} | {R}
{P} - {R}
{P} – Résumé.pdf
Contract {P}.docx - {R}
Invoice for {P} - {R}
Re: {P} - salary review - {R}
Meeting: {P} and {P}
Inbox ({N}) - {P}
Profile of {P}
{P}'s profile
{F}'s birthday is {D}
{F}'s laptop is broken.
Is {F}'s phone number {T}?
the file that {F} sent
Did {F} answer?
Have you seen {F}?
Where's {F}? I need {F} to review it.
We interviewed {P} for the role at {O}.
The claim of {P} against {O} was refused.
{P} v. {P}
Judge {S} ruled on {D}.
According to {P}, the price is {M}.
"I don't know", said {P}.
{P}, {N}, from {C}
{P}, aged {N}, of {A}, was seen on {D}.
Mr. {P} asks for a refund of {M}.
Mr {S} will see you now.
mr {S} called again
mrs {S} from {O}
dr {S} will call you
Ms. {S}, your appointment is on {D}
Miss {P}
Sir {P}
Captain {S} and Sergeant {S}
signed by {P}
Signature: {P}
Reviewed-by: {P} <{E}>
Signed-off-by: {P} <{E}>
Author: {P} <{E}>\nDate: {D}
@author {P}
# Author: {P}
Copyright (c) 2019 {P}
assigned to {P}
Assignee: {P}
Reporter: {P}
Owner: {P}
created by {P} on {D}
Approved by {P}
Contact: {P}, {T}
contact person {P}
Emergency contact: {P} ({T})
Beneficiary: {P}
pay {M} to {P}
Transfer {M} to {P}, {A}
Tenant: {P}
Landlord {P}, {A}
my wife {F} and my son {F}
my brother {P}
Her husband {P} works at {O}.
our colleague {P}
your manager, {P}, has approved it
our neighbour {P} at {A}
user {P} logged in
User {P} ({E}) updated record {N}
INFO user="{P}" action=login ip=10.0.0.1
customer {P} not found
login: {P}
Welcome back, {F}!
Welcome, {P}
Hello, {P}. Your order has shipped to {A}.
Happy birthday {F}!!
congrats {F} :)
thx {F}
ok {F}
@{F} can you look
{F}: are you there?
{F}: yes, what do you need
{F}? hello?
{P}: see you on {D}
[10:12] {P}: done
<{F}> good night
{F} {S} ({O})
"I never saw it," says {S}.
"Come in!" said {F} to {F}.
said {F} and left
{F} shouted at {F}.
{F} lost her keys and {F} found them.
{F} had told {F} about it.
{F}'s kid is ill
between {F} and {F}'s brother
{F}: what a day
{F}: "Nobody knows."
{F} wonders why {F} never came.
The founders were {S}, {S} and {S}.
{S} and {S} were the first to try it.
{S} began to paint as a child.
{P} lives at {A}, near {C}.
{P} lives on {A}
{F}, can you hear me?
It is {F}, isn't it?
You know that {F} loves tea.
{P} is from {C}
{O} was founded by {P}.
name on card {P}
card holder name: {P}
pls use the card of {F}, it is for {P}
{S}, {F}
{S}, {F}; {S}, {F}
{S} et al., 2017
1. {P}\n2. {P}\n3. {P}
- {P}\n- {P}
* {P} ({C})
{P}\t{D}\t{M}
{P}\n{B}
{P}\n{A}
{P}\n{A}\n{T}\n{E}
{B}
{A}
{P}
{F}
"""

GERMAN = r"""
Hallo {F},
Hallo Frau {S},
Hallo Herr {S}, vielen Dank für Ihre Nachricht vom {D}.
Liebe {F}, wie geht es dir?
Lieber {F}
Sehr geehrter Herr {S},
Sehr geehrte Frau {S},
Sehr geehrte Frau Dr. {S},
Guten Tag Herr {P},
Moin {F}
Viele Grüße\n{P}
Mit freundlichen Grüßen\n\n{P}\n{O}
Liebe Grüße, {F}
LG {F}
Gruß {P}
mein Name ist {P} und ich wohne in der {A}.
ich heiße {P}
hier ist {P}, meine nummer ist {T}
Ich wohne {A}.
Unsere neue Anschrift lautet {A}.
Adresse: {A}
Anschrift: {P}, {A}
Lieferadresse:\n{P}\n{B}
Bitte schicken Sie das Paket an {P}, {A}.
wohnhaft in {A}
Treffpunkt ist {A} um 18 Uhr
Vorname: {F}\nNachname: {S}\nGeburtsdatum: {D}
Name: {P}\nStraße: {A}
Ansprechpartner: {P}, Tel. {T}
Kunde: {P}
Kundin {P} hat die Rechnung vom {D} nicht bezahlt.
Patient: {P}, geboren am {D}
Der Mieter {P} kündigt zum {D}.
Kannst du {F} fragen?
frag mal {F}
{F} hat gesagt, dass es geht
Ich habe gestern mit {P} gesprochen.
{P} ist bis {D} im Urlaub.
Herr {S} ruft zurück.
Frau {P} aus {C} möchte ihr Geld zurück.
Von: {P} <{E}>\nAn: {P}\nBetreff: Angebot
Gesendet von {P}
Am {D} schrieb {P}:
Kontoinhaber: {P}
Teilnehmer: {P}, {P} und {P}
meine Schwester {F} und ihr Mann {F}
Unser Kollege {P} übernimmt das.
{P} - {R}
Vertrag {P}.pdf
"""

FRENCH = r"""
Bonjour {F},
Bonjour Madame {S},
Bonjour Monsieur {S}, merci pour votre message du {D}.
Cher {F},
Chère Madame {S},
Salut {F}, ça va ?
coucou {F}
Cordialement,\n{P}
Bien à vous,\n{P}\n{O}
Bises, {F}
Merci {F} !
je m'appelle {P} et j'habite au {A}.
Je suis {P}, je vous appelle de {C}.
J'habite {A}.
j'habite au {A}
Mon adresse est {A}.
notre nouvelle adresse : {A}
Adresse : {A}
Adresse de livraison :\n{P}\n{B}
Envoyez le colis à {P}, {A}.
domicilié au {A}
Rendez-vous au {A} à 18h
Nom : {S}\nPrénom : {F}\nNé le {D}
Nom : {P}
M. {S} est absent jusqu'au {D}.
Mme {S} vous rappellera.
Mlle {P}
Monsieur {P} demande un remboursement de {M}.
Le patient {P} a été admis le {D}.
Client : {P}
De : {P} <{E}>\nÀ : {P}\nObjet : Réunion
Le {D}, {P} a écrit :
Peux-tu demander à {F} ?
J'ai déjeuné avec {F} et {P}.
{F} m'a dit que c'est fini
ma sœur {F} et son mari {F}
notre collègue {P}
Titulaire du compte : {P}
Participants : {P}, {P} et {P}
Contrat {P}.pdf
Maître {S}, avocat à {C}
"""

SPANISH = r"""
Hola {F},
Hola {F}, ¿qué tal?
Buenos días, señor {S}:
Estimado Sr. {S}:
Estimada Sra. {P}:
Querida {F},
Saludos,\n{P}
Un abrazo, {F}
Atentamente,\n{P}\n{O}
gracias {F}
me llamo {P} y vivo en {A}.
mi nombre es {P}
Soy {P}, de {C}.
Vivo en {A}.
Mi dirección es {A}.
Dirección: {A}
Domicilio: {A}
Dirección de envío:\n{P}\n{B}
Envíe el paquete a {P}, {A}.
Nombre: {F}\nApellidos: {S}\nFecha de nacimiento: {D}
Nombre: {P}
D. {P} y Dña. {P}
El señor {S} llamará mañana.
La paciente {P} ingresó el {D}.
Cliente: {P}
De: {P} <{E}>\nPara: {P}\nAsunto: Reunión
El {D}, {P} escribió:
pregunta a {F}
Ayer comí con {F} y {P}.
{F} dice que sí
mi hermana {F} y su marido {F}
Titular de la cuenta: {P}
Asistentes: {P}, {P} y {P}
Quedamos en {A} a las ocho
"""

ITALIAN = r"""
Ciao {F},
Ciao {F}, come stai?
Buongiorno signor {S},
Gentile Sig.ra {S},
Gentile dott. {P},
Egregio Ing. {S},
Caro {F},
Cordiali saluti,\n{P}
Distinti saluti\n{P}\n{O}
Un abbraccio, {F}
grazie {F}
mi chiamo {P} e abito in {A}.
sono {P}, chiamo da {C}
Abito in {A}.
Il mio indirizzo è {A}.
Indirizzo: {A}
Residente in {A}
Indirizzo di spedizione:\n{P}\n{B}
Spedite il pacco a {P}, {A}.
Nome: {F}\nCognome: {S}\nNato il {D}
Nome e cognome: {P}
Il signor {S} richiamerà domani.
Il paziente {P} è stato ricoverato il {D}.
Cliente: {P}
Da: {P} <{E}>\nA: {P}\nOggetto: Riunione
Il {D} {P} ha scritto:
chiedi a {F}
Ieri ho pranzato con {F} e {P}.
{F} dice di sì
mia sorella {F} e suo marito {F}
Intestatario del conto: {P}
Partecipanti: {P}, {P} e {P}
Ci vediamo in {A} alle otto
"""

DUTCH = r"""
Hallo {F},
Hoi {F}, hoe gaat het?
Beste {F},
Beste meneer {S},
Geachte heer {S},
Geachte mevrouw {S},
Dag {F}
Met vriendelijke groet,\n{P}\n{O}
Groetjes, {F}
Groet, {P}
bedankt {F}
mijn naam is {P} en ik woon op {A}.
ik ben {P} uit {C}
Ik woon op {A}.
Mijn adres is {A}.
Adres: {A}
Bezorgadres:\n{P}\n{B}
Stuur het pakket naar {P}, {A}.
Voornaam: {F}\nAchternaam: {S}\nGeboortedatum: {D}
Naam: {P}
Dhr. {S} belt terug.
Mevr. {P} vraagt om {M}.
De patiënt {P} is opgenomen op {D}.
Klant: {P}
Van: {P} <{E}>\nAan: {P}\nOnderwerp: Offerte
Op {D} schreef {P}:
vraag het aan {F}
Gisteren heb ik met {F} en {P} geluncht.
{F} zegt dat het klopt
mijn zus {F} en haar man {F}
Rekeninghouder: {P}
Aanwezig: {P}, {P} en {P}
"""

POLISH = r"""
Cześć {F},
Witaj {F}!
Dzień dobry Panie {F},
Szanowny Panie {S},
Szanowna Pani {P},
Pozdrawiam,\n{P}
Z poważaniem\n{P}\n{O}
dzięki {F}
nazywam się {P} i mieszkam przy {A}.
mam na imię {F}
tu {P}, mój numer to {T}
Mieszkam w {C}, {A}.
Mój adres to {A}.
Adres: {A}
Adres dostawy:\n{P}\n{B}
Proszę wysłać paczkę do {P}, {A}.
zamieszkały {A}
Imię: {F}\nNazwisko: {S}\nData urodzenia: {D}
Imię i nazwisko: {P}
Pan {S} oddzwoni jutro.
Pani {P} z {C} prosi o zwrot {M}.
Pacjent {P} został przyjęty {D}.
Klient: {P}
Od: {P} <{E}>\nDo: {P}\nTemat: Oferta
W dniu {D} {P} napisał:
zapytaj {F}
Wczoraj jadłem obiad z {F} i {P}.
moja siostra {F} i jej mąż {F}
Obecni: {P}, {P} i {P}
"""

OTHERS = r"""
Olá {F}, tudo bem?
Caro Sr. {S},
Prezada Sra. {P},
Atenciosamente,\n{P}
Abraços, {F}
meu nome é {P} e moro na {A}.
O meu endereço é {A}.
Endereço: {A}
Morada: {A}
Nome: {P}\nData de nascimento: {D}
o cliente {P} ligou
Hej {F},
Hej {F}, hur mår du?
Med vänliga hälsningar\n{P}
Mvh {F}
Jag heter {P} och bor på {A}.
Min adress är {A}.
Adress: {A}
Namn: {P}
Kære {F},
Med venlig hilsen\n{P}
Jeg hedder {P} og bor {A}.
Hilsen {F}
Vennlig hilsen {P}
Hei {F},
Terveisin {P}
Nimeni on {P}.
Osoite: {A}
Dobrý den, pane {S},
S pozdravem\n{P}
Jmenuji se {P} a bydlím na adrese {A}.
Adresa: {A}
Tisztelt {P}!
Üdvözlettel,\n{P}
A nevem {P}, a címem {A}.
Bună {F},
Mă numesc {P} și locuiesc în {A}.
Merhaba {F},
Sayın {P},
Adım {P}, adresim {A}.
Saygılarımla\n{P}
Xin chào {P}
Здравствуйте, {P}!
Привет, {F}
Меня зовут {P}, я живу по адресу {A}.
С уважением,\n{P}
Адрес: {A}
ФИО: {P}
Пациент {P} поступил {D}.
позвони {F} сегодня
Добрий день, {F}!
Мене звати {P}.
З повагою {P}
Γεια σου {F},
Με εκτίμηση\n{P}
Ονομάζομαι {P}.
Διεύθυνση: {A}
שלום {F},
שמי {P} ואני גר ב{C}.
בברכה, {P}
مرحبا {F}
اسمي {P}
مع التحية {P}
{P}さん、こんにちは
私は{P}です。
{P}様\nいつもお世話になっております。
住所：{A}
我叫{P}，住在{A}。
你好，{P}！
姓名：{P}
地址：{A}
{P}先生
저는 {P}입니다.
안녕하세요 {P}님
이름: {P}
주소: {A}
नमस्ते {F},
मेरा नाम {P} है।
"""

NOBODY = r"""
Please review the attached document before {D}.
The meeting in {C} was moved to Tuesday, {D}.
We will open an office in {C} and {C} next year.
{O} reported a profit of {M} in March.
{O} and {O} announced a merger.
{O} | {R}
{R} - {R}
Untitled document - {R}
Settings - {R}
New Tab - {R}
Inbox ({N}) - {R}
Budget {N}.xlsx - {R}
Quarterly Report - {R}
Project Plan v{N} - {R}
{N} results for red shoes - {R}
Install {R} on {R} and restart.
Open {R}, then choose File > Save As.
{R} {N}.{N} is available
I bought {N} apples and {N} oranges for {M}.
The train to {C} leaves at 10:{N} from platform {N}.
Flight {N} from {C} to {C} is late.
Weather in {C}: {N} degrees
Buy milk, eggs and bread
See you on Monday in April
Room {N}, Building {N}, Floor {N}
Chapter {N}: Getting Started
Table {N} shows the results of {N} runs.
Version {N}.{N}.{N} (build {N})
Error {N}: Connection refused
Step {N} of {N}: Configure Network
Order {N} has {N} items, total {M}
Ticket {N} is assigned to Support Team
Page {N} of {N}
Total: {M}\nTax: {M}\nDue: {D}
Date: {D}\nSubject: Weekly Status Report
Terms and Conditions apply.
United States of America
European Union, United Kingdom and Japan
The {O} office is closed on Good Friday.
Happy New Year! Merry Christmas!
Dear all,
Dear Sir or Madam,
Dear Customer,
Dear Team, please find the agenda below.
Hi all,
Hi team,
Hi there,
Hello everyone,
Hello World
Thanks in advance
Thank you, Support
Best regards,
Kind regards
Sehr geehrte Damen und Herren,
Hallo zusammen,
Mit freundlichen Grüßen
Die Rechnung Nr. {N} vom {D} ist offen.
Das Treffen findet am {D} in {C} statt.
Bitte senden Sie mir das Angebot bis {D}.
Bonjour à tous,
La réunion du {D} aura lieu à {C}.
Veuillez trouver ci-joint la facture {N}.
Buenos días a todos,
La reunión del {D} será en {C}.
Buongiorno a tutti,
La riunione del {D} è a {C}.
Beste allemaal,
De vergadering van {D} is in {C}.
Dzień dobry wszystkim,
Spotkanie odbędzie się {D} w {C}.
Совещание состоится {D} в городе {C}.
{N}. Introduction\n{N}. Methods\n{N}. Results
TODO: Fix Bug in Parser
class {R}Manager(BaseManager):
def get_name(self): return self.name
name = "main"
user: admin
name: Deploy to Production
author = Author.objects.get(pk={N})
SELECT name, address FROM customers WHERE id = {N};
import React, {{ useState }} from 'react';
from django.contrib.auth.models import User
public class Customer extends Person {{
{D} 10:12:{N} INFO Server started on port {N}
{D} ERROR [worker-{N}] Task failed after {N} ms
Jan {N} 10:12:01 host kernel: usb {N}-1: New USB device found
192.168.0.{N} - - "GET /index.html HTTP/1.1" 200 {N}
address = 0x{N}
Address already in use (os error {N})
IP address: 10.0.0.{N}
name,price,quantity\nBlue Chair,{N},{N}\nRed Table,{N},{N}
| Name | Type | Default |
Name: Value
Name: Untitled
Address: Unknown
From: Support <{E}>
Hi, I am looking for a new laptop.
my name is on the list
the address is wrong, see line {N}
call me later
ask him tomorrow
this is great
it is {N} degrees
Password must have {N} characters
Mark as read
Will you come in May?
May I ask a question?
The Rose Garden opens in June.
Grace period: {N} days
Bill of materials
Art and Design
Chase the invoice
Summer sale: up to {N} % off at {O}
Java and Python are languages, Ruby too.
Jenkins build {N} failed
Kafka and Cassandra cluster restarted
Apache Maven {N}.{N}
"""

LANGUAGES = {
    "en": ENGLISH, "de": GERMAN, "fr": FRENCH, "es": SPANISH, "it": ITALIAN, "nl": DUTCH, "pl": POLISH,
    "xx": OTHERS, "": NOBODY,
}  # fmt: skip

CUES = """
hi hello hey dear morning thanks cheers regards best sincerely love from to cc bcc attendees present name first last
given surname customer patient employee holder cardholder account address addresses ship deliver residence residing live
lives living moved i'm this speaking ask call met lunch meeting said says mr mrs ms miss dr prof sir madam judge captain
signed signature reviewed by author owner assigned assignee reporter approved contact emergency beneficiary pay tenant
landlord wife husband son daughter brother sister mother father colleague neighbour manager user login welcome birthday
congrats client guardian kid partner
hallo frau herr liebe lieber geehrter geehrte moin grusse grüße gruß mein name heiße wohne wohnhaft anschrift adresse
vorname nachname ansprechpartner kunde kundin mieter frag von an teilnehmer kontoinhaber schwester bruder kollege
bonjour madame monsieur cher chere salut coucou cordialement bises m'appelle appelle habite j'habite adresse nom prenom
mme mlle m client titulaire domicilie rendez maitre
hola senor senora estimado estimada querida querido saludos atentamente llamo nombre soy vivo direccion domicilio
apellidos sr sra don dona cliente titular
ciao signor signora gentile egregio caro cara saluti chiamo abito indirizzo residente cognome sig dott ing
hoi beste geachte heer mevrouw meneer dag groet groetjes naam woon adres bezorgadres voornaam achternaam dhr mevr klant
czesc witaj panie pani pan szanowny szanowna pozdrawiam nazywam mieszkam adres imie nazwisko klient
ola prezada prezado atenciosamente nome moro endereco morada hej heter bor namn adress halsningar hilsen hedder
osoite terveisin pozdravem jmenuji bydlim adresa tisztelt udvozlettel nevem cimem numesc locuiesc merhaba sayin adim
здравствуите привет зовут адрес уважением фио пациент добрии звати
"""
"""Words after which a name or an address is likely, folded."""
STREET_WORDS = """
street st avenue ave road rd lane ln drive dr court ct boulevard blvd way place pl square sq terrace close crescent
highway hwy parkway pkwy circle trail loop alley turnpike pike row mews grove gardens hill apt apartment suite ste unit
flat floor po box
straße strasse str weg platz allee gasse ring damm ufer chaussee hof
rue avenue chemin impasse quai cours route allee bd bis
calle avenida avda av c plaza paseo carrer ronda camino piso pasaje calzada
via viale piazza corso vicolo largo strada
straat laan plein gracht kade weg dreef pad baan singel steeg
ul ulica al aleja os osiedle pl plac
rua travessa praca estrada alameda rodovia
gatan vagen vej gade gata veien katu tie ulice namesti utca ter korut strada bulevardul sokak caddesi cad mah
ул улица пр проспект пер переулок дом д кв вул
οδος λεωφορος
"""
"""Words in the names of streets, and what stands in addresses beside them, folded."""
