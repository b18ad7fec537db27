"""The goods of the demonstration shop: what each is called, what it is printed on, and what is said about it."""

from __future__ import annotations

from dataclasses import dataclass

WILD, NIGHT, BOTANICAL, WORDS, RETRO = "Wild Places", "Night Sky", "Botanical", "Type & Words", "Retro Waves"


@dataclass(frozen=True, slots=True)
class Good:
    """One product of the seed. ``colours`` empty means every colour of the blank; the first is the default."""

    design: str
    title: str
    kind: str
    collection: str
    colours: tuple[str, ...]
    tags: tuple[str, ...]
    words: str


GOODS: tuple[Good, ...] = (
    # Wild Places
    Good("alpine-dawn", "Alpine Dawn Tee", "tee", WILD, ("Navy", "White", "Natural", "Forest", "Dusty Blue"),
         ("mountains", "sunrise", "hiking"),
         "Four ridgelines and the first warm light of the day, layered like cut paper. For everyone who has "
         "set an alarm for a sunrise and never once regretted it."),
    Good("pine-ridge", "Pine Ridge Hoodie", "hoodie", WILD, ("Forest", "Black", "Sand", "Athletic Heather"),
         ("forest", "moon", "camping"),
         "A stand of old pines under a low full moon. Made for the hour when the fire is down to embers and "
         "nobody wants to be the first to go in."),
    Good("still-water", "Still Water Poster", "poster", WILD, (), ("lake", "mountains", "wall art"),
         "A mountain lake so calm it keeps a second sky. Flat colour, long horizontals and one small sun: a "
         "quiet picture for a room where you think."),
    Good("desert-hours", "Desert Hours Tee", "tee", WILD, ("Natural", "Autumn", "Mustard", "Black"),
         ("desert", "cactus", "sun"),
         "Mesas, saguaros and a sun that takes its time. The palette comes from sandstone at five in the "
         "afternoon, when everything turns the colour of apricots."),
    Good("contour-lines", "Contour Lines Mug", "mug", WILD, ("Navy", "Green", "Black"), ("maps", "hiking", "gift"),
         "A hill you could walk up by lunchtime, drawn as a map maker would. Follow a line with your finger "
         "while the kettle boils and plan the weekend."),
    Good("northern-coast", "Northern Coast Poster", "poster", WILD, (), ("sea", "lighthouse", "wall art"),
         "A lighthouse on its rock, the beam just lit and the tide coming in. Inspired by the coast roads that "
         "turn every few minutes' drive into an hour."),
    Good("valley-light", "Valley Light Tote", "tote", WILD, ("Natural", "Navy", "Forest"), ("hills", "market bag"),
         "Hills folding into hills, each one a little paler than the last. Carries a picnic, two library books "
         "and the jumper you were told to bring."),
    Good("base-camp", "Base Camp Tee", "tee", WILD, ("Black", "Forest", "Sand", "Natural", "Navy"),
         ("camping", "stars", "tent"),
         "One tent, lit from inside, and far more stars than you remembered. A reminder that the best hotel has "
         "a zip for a door."),
    Good("river-bend", "River Bend Poster", "poster", WILD, (), ("river", "hills", "wall art"),
         "A river wandering home through green country, seen from just high enough. Follow it from the hills "
         "to the foot of the frame; it never hurries."),
    Good("summit-club", "Summit Club Hoodie", "hoodie", WILD, ("Navy", "Maroon", "Sand", "Black"),
         ("mountains", "badge", "hiking"),
         "The membership badge of a club with no meetings, no fees and one rule: tell somebody where you are "
         "going. Printed like a patch that has seen weather."),
    # Night Sky
    Good("moon-phases", "Moon Phases Tee", "tee", NIGHT, ("Black", "Navy", "Heather Mauve", "Dusty Blue"),
         ("moon", "astronomy"),
         "The month in one line: new, waxing, full, waning, new. A small almanac to wear, accurate enough to "
         "start conversations."),
    Good("great-bear", "Great Bear Tee", "tee", NIGHT, ("Navy", "Black", "Forest", "White"),
         ("constellation", "stars", "astronomy"),
         "Ursa Major with her brighter stars in their true places. Find the two pointers, follow them up, and "
         "you will always know where north is."),
    Good("ringed-planet", "Ringed Planet Hoodie", "hoodie", NIGHT, ("Black", "Navy", "Dusty Blue", "Maroon"),
         ("planet", "space"),
         "Saturn, tilted just so, in bands of dusk colours. For late telescopes, later documentaries and "
         "everyone whose favourite planet was never in doubt."),
    Good("star-trails", "Star Trails Poster", "poster", NIGHT, (), ("stars", "night", "wall art"),
         "Three hours of sky in one exposure: every star draws its arc around the pole while the trees stand "
         "perfectly still. Hang it where you can look up."),
    Good("small-hours", "Small Hours Mug", "mug", NIGHT, ("Navy", "Black", "Pink"), ("moon", "stars", "gift"),
         "A crescent and a scatter of stars for the people who are up at that hour: new parents, bakers, "
         "nurses, and whoever is reading just one more page."),
    Good("comet-season", "Comet Season Tee", "tee", NIGHT, ("Navy", "Black", "Maroon", "Athletic Heather"),
         ("comet", "space", "stars"),
         "Somewhere, one is always on its way back. A long bright tail in five colours across the chest, drawn "
         "with a ruler and a sense of occasion."),
    Good("orrery", "Orrery Poster", "poster", NIGHT, (), ("planets", "solar system", "wall art"),
         "Eight worlds on their rings in the spirit of the brass machines that taught our great-grandparents "
         "where they lived. Not to scale; nothing could be."),
    Good("cloud-crescent", "Crescent & Cloud Tote", "tote", NIGHT, ("Navy", "Natural", "Black"), ("moon", "clouds"),
         "The moon resting on a cloud, the way it does in the best bedtime books. A gentle bag for a loud "
         "train."),
    Good("eclipse", "Eclipse Tee", "tee", NIGHT, ("Black", "Autumn", "Navy", "White"), ("sun", "moon", "astronomy"),
         "Two minutes of totality, kept for good: the black disc, the ring of light, and the corona reaching "
         "out on every side. No special glasses required."),
    Good("star-map", "Star Map Poster", "poster", NIGHT, (), ("constellation", "map", "wall art"),
         "The northern sky as a fold-out chart, with its rings, its compass letters and a few old friends "
         "joined up. Looks at home beside a bed or above a desk."),
    # Botanical
    Good("fern-study", "Fern Study Tee", "tee", BOTANICAL, ("Natural", "Forest", "White", "Athletic Heather"),
         ("fern", "leaves", "nature"),
         "A single frond, every leaflet where it belongs. It started as a pencil page in a greenhouse and lost "
         "none of its patience on the way to cotton."),
    Good("monstera", "Monstera Poster", "poster", BOTANICAL, (), ("leaves", "plants", "wall art"),
         "The houseplant that needs no water. Big split leaves in deep greens on a warm ground, bold enough for "
         "a hallway and calm enough for a bedroom."),
    Good("eucalyptus", "Eucalyptus Mug", "mug", BOTANICAL, ("Green", "Pink", "Black"), ("leaves", "gift", "kitchen"),
         "Silver-green eucalyptus trailing around the cup. You will not smell it, but somehow the kitchen feels "
         "tidier."),
    Good("wild-meadow", "Wild Meadow Tote", "tote", BOTANICAL, ("Natural", "Forest", "Black"),
         ("flowers", "market bag"),
         "Everything that comes up when you stop mowing: cornflowers, daisies, grasses and one ambitious poppy. "
         "Good company at the Saturday market."),
    Good("red-poppies", "Red Poppies Poster", "poster", BOTANICAL, (), ("flowers", "wall art"),
         "Three poppies and a bud, big and unafraid. Cut-out shapes and a paper ground, in the tradition of "
         "people who drew with scissors."),
    Good("forest-floor", "Forest Floor Hoodie", "hoodie", BOTANICAL, ("Sand", "Forest", "Black", "Maroon"),
         ("mushrooms", "forest", "autumn"),
         "A small society of mushrooms after rain. Warm enough for the walk on which you find them; please "
         "leave the red ones where they are."),
    Good("windowsill", "Windowsill Mug", "mug", BOTANICAL, ("Green", "Mustard", "Red"), ("cactus", "plants", "gift"),
         "Three small cacti in three good pots, thriving on neglect. A gift for the friend who says they kill "
         "everything."),
    Good("lemon-grove", "Lemon Grove Tote", "tote", BOTANICAL, ("Natural", "Navy", "Forest"), ("lemons", "fruit"),
         "A branch from a tree that leans over a warm wall somewhere south. Bright, a bit sharp, goes with "
         "almost everything."),
    Good("ginkgo", "Ginkgo Tee", "tee", BOTANICAL, ("Forest", "Mustard", "Natural", "Navy", "Heather Mauve"),
         ("leaves", "autumn", "nature"),
         "Fan-shaped leaves from the oldest kind of tree in the street. In late autumn they all come down in "
         "one night; here they stay up."),
    Good("olive-wreath", "Olive Wreath Tee", "tee", BOTANICAL, ("White", "Natural", "Dusty Blue", "Black"),
         ("leaves", "wreath", "minimal"),
         "An open wreath of olive branches, light as a line drawing. Awarded for whatever you managed today."),
    # Type & Words
    Good("go-outside", "Go Outside Tee", "tee", WORDS, ("Mustard", "Forest", "White", "Navy", "Autumn"),
         ("quote", "outdoors"),
         "Two words of good advice in letters you can read across a park. Also works as a note to yourself."),
    Good("made-slowly", "Made Slowly Mug", "mug", WORDS, ("Black", "Green", "Mustard"), ("quote", "gift", "kitchen"),
         "For bread, pottery, gardens and friendships: a mug that takes the side of taking your time."),
    Good("good-things", "Good Things Tote", "tote", WORDS, ("Natural", "Black", "Forest"), ("quote", "market bag"),
         "Good things take time. So do queues, sourdough and the last train; all are easier with a bag this "
         "agreeable."),
    Good("stay-curious", "Stay Curious Hoodie", "hoodie", WORDS, ("Dusty Blue", "Black", "Sand", "Navy"),
         ("quote", "school"),
         "Rounded letters, three stripes each, one instruction. Suits students of all ages and the people who "
         "ask the question everybody else was about to."),
    Good("coffee-first", "Coffee First Mug", "mug", WORDS, ("Red", "Black", "Navy"), ("quote", "coffee", "gift"),
         "A clear statement of priorities, with steam. Turn the words towards the meeting."),
    Good("small-joys", "Small Joys Poster", "poster", WORDS, (), ("quote", "wall art"),
         "A poster for the fridge side of life: a list of nothing much, which turns out to be most of it. Set "
         "large, with room around it."),
    Good("one-more-chapter", "One More Chapter Tote", "tote", WORDS, ("Natural", "Navy", "Black"),
         ("books", "quote", "gift"),
         "It fits five paperbacks or two hardbacks and a plan to read them all. The stack on the front is "
         "fiction."),
    Good("kind-regards", "Kind Regards Tee", "tee", WORDS, ("White", "Heather Mauve", "Black", "Natural"),
         ("quote", "kindness"),
         "The last line of every letter, worn as if you mean it. Script in one colour, nothing to prove."),
    Good("onwards", "Onwards Poster", "poster", WORDS, (), ("quote", "wall art", "studio"),
         "One word, one arrow, one direction. Hung by runners, freelancers and people with a thesis to finish."),
    # Retro Waves
    Good("sunset-stripes", "Sunset Stripes Tee", "tee", RETRO, ("Natural", "Navy", "Black", "Dusty Blue", "White"),
         ("sunset", "70s", "surf"),
         "A sun sinking through its own stripes, in the colours of an old surf van. The shirt your uncle should "
         "have kept."),
    Good("rainbow-arches", "Rainbow Arches Poster", "poster", RETRO, (), ("70s", "wall art", "nursery"),
         "Concentric arches in ochre, rust and sky. A warm piece of 1974 for a nursery, a studio, or a wall that "
         "needs cheering up."),
    Good("ocean-scales", "Ocean Scales Mug", "mug", RETRO, ("Navy", "Green", "Black"), ("waves", "pattern", "gift"),
         "Wave over wave over wave: an old pattern for calm seas and good luck, wrapped all around your tea."),
    Good("side-b", "Side B Tee", "tee", RETRO, ("Black", "Mustard", "Navy", "White"), ("music", "vinyl", "70s"),
         "The better side of the record, with a sunset for a label. For people who still get up to turn it over."),
    Good("palm-drive", "Palm Drive Hoodie", "hoodie", RETRO, ("Navy", "Dusty Blue", "Sand", "Black"),
         ("palms", "sunset", "80s"),
         "Palms, a striped sun and the last warm evening of the year. Windows down, heating on."),
    Good("big-swell", "Big Swell Poster", "poster", RETRO, (), ("waves", "surf", "wall art"),
         "One enormous, perfectly reasonable wave. Bands of blue with a foam edge you can almost hear, under a "
         "paper-white sky."),
    Good("groovy-bloom", "Groovy Bloom Tote", "tote", RETRO, ("Natural", "Forest", "Black"), ("flowers", "70s"),
         "Fat petals and a cheerful middle, repeated until the mood improves. Guaranteed to be found in any pile "
         "of coats."),
    Good("checker-sun", "Checker Sun Mug", "mug", RETRO, ("Mustard", "Red", "Black"), ("pattern", "70s", "gift"),
         "Checks and a rising sun, like a diner that opens early and knows your order."),
    Good("open-road", "Open Road Tee", "tee", RETRO, ("Autumn", "Black", "Natural", "Navy"),
         ("road trip", "sunset", "70s"),
         "A straight road, a round sun and nothing booked. Best worn on the first day of the holidays."),
    Good("mixtape", "Mixtape Hoodie", "hoodie", RETRO, ("Black", "Maroon", "Dusty Blue", "Sand"), ("music", "80s"),
         "Ninety minutes, recorded from the radio with one finger on pause. You know who you would give it to."),
)  # fmt: skip

PRICES: dict[str, int] = {"tee": 2800, "hoodie": 5400, "mug": 1600, "poster": 1900, "tote": 2400}
EXTRA: dict[str, int] = {
    "2XL": 200, "3XL": 400, "15oz": 300, '12" x 18"': 500, '16" x 20"': 900, '18" x 24"': 1300,
    '24" x 36"': 2500,
}  # fmt: skip
