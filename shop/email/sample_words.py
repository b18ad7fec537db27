"""What the samples of letters say besides our own texts: {English: {language: …}}."""

from __future__ import annotations

SAID: dict[str, dict[str, str]] = {
    "Subtotal": {"fr": "Sous-total", "de": "Zwischensumme", "es": "Subtotal"},
    "Shipping": {"fr": "Livraison", "de": "Versand", "es": "Envío"},
    "Total": {"fr": "Total", "de": "Gesamtbetrag", "es": "Total"},
    "Fern Study tee": {
        "fr": "T-shirt Étude de fougère",
        "de": "T-Shirt Farnstudie",
        "es": "Camiseta Estudio de helecho",
    },
    "Moss / M": {"fr": "Mousse / M", "de": "Moos / M", "es": "Musgo / M"},
    "Tide Lines mug": {"fr": "Mug Lignes de marée", "de": "Becher Gezeiten", "es": "Taza Líneas de marea"},
    "Midnight Grove print": {
        "fr": "Affiche Bosquet de minuit",
        "de": "Poster Mitternachtshain",
        "es": "Lámina Arboleda de medianoche",
    },
    "United States": {"fr": "États-Unis", "de": "Vereinigte Staaten", "es": "Estados Unidos"},
    "The mug arrived with a chip.": {
        "fr": "Le mug est arrivé ébréché.",
        "de": "Der Becher kam mit einer angeschlagenen Stelle an.",
        "es": "La taza llegó desportillada.",
    },
    "You asked us to.": {"fr": "À votre demande.", "de": "Sie haben uns darum gebeten.", "es": "Nos lo pediste."},
    "Your bank declined the payment.": {
        "fr": "Votre banque a refusé le paiement.",
        "de": "Ihre Bank hat die Zahlung abgelehnt.",
        "es": "Tu banco ha rechazado el pago.",
    },
    "New for the winter": {"fr": "Du nouveau pour l’hiver", "de": "Neu für den Winter", "es": "Invierno nuevo"},
    "Three designs arrived this week, drawn by the fire.": {
        "fr": "Trois motifs sont arrivés cette semaine, dessinés au coin du feu.",
        "de": "Diese Woche sind drei Motive angekommen, am Kamin gezeichnet.",
        "es": "Esta semana han llegado tres diseños, dibujados junto al fuego.",
    },
    "As agreed at the market on Saturday.": {
        "fr": "Comme convenu au marché de samedi.",
        "de": "Wie am Samstag auf dem Markt besprochen.",
        "es": "Como quedamos en el mercado del sábado.",
    },
    "Happy birthday! Choose something you like.": {
        "fr": "Joyeux anniversaire !",
        "de": "Alles Gute zum Geburtstag!",
        "es": "¡Feliz cumpleaños! Elige lo que quieras.",
    },
    "Hello,\n\nmy parcel says delivered, but the porch is empty. Could you have a look?\n\nThank you\nAda": {
        "fr": "Bonjour,\n\nmon colis est indiqué comme livré, mais il n’y a rien devant la porte.\n\nMerci\nAda",
        "de": "Guten Tag,\n\nmein Paket gilt als zugestellt, aber vor der Tür liegt nichts.\n\nDanke\nAda",
        "es": "Hola:\n\nmi paquete consta como entregado, pero no hay nada en la puerta.\n\nGracias\nAda",
    },
    "7 hours": {"fr": "7 heures", "de": "7 Stunden", "es": "7 horas"},
    "198.51.100.7, Firefox on Windows": {
        "fr": "198.51.100.7, Firefox sous Windows",
        "de": "198.51.100.7, Firefox unter Windows",
        "es": "198.51.100.7, Firefox en Windows",
    },
    "It arrived damaged": {"fr": "Arrivé abîmé", "de": "Es kam beschädigt an", "es": "Llegó dañado"},
    "The mug has a chip at the rim.": {
        "fr": "Le mug est ébréché.",
        "de": "Der Becher ist am Rand angeschlagen.",
        "es": "La taza está desportillada en el borde.",
    },
    "My money back": {"fr": "Mon argent", "de": "Mein Geld zurück", "es": "Mi dinero"},
    "We are sorry about that.": {
        "fr": "Nous en sommes désolés.",
        "de": "Das tut uns leid.",
        "es": "Lo sentimos mucho.",
    },
    "A picture of the rim, please?": {
        "fr": "Une photo du bord, s’il vous plaît ?",
        "de": "Könnten Sie uns ein Bild vom Rand schicken?",
        "es": "¿Nos envías una foto del borde?",
    },
}
