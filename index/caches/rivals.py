"""Words of which one excludes the others: a question with one is not a question with another.

Each line is a group; a slash parts its rivals, and words that say the same stand beside each
other. Words are compared by their stems (`index.answers.words.stem`).
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from index.answers.words import stem

OPPOSITES: Final = """
enable activate/disable deactivate
start begin launch boot/stop end halt quit shutdown
open/close shut
increase raise grow boost/decrease reduce lower lessen shrink
gain win won profit/lose lost loss
maximum max maximize most/minimum min minimize least
before/after
import/export
upload/download
upper/lower
required mandatory/optional
allowed permitted/forbidden prohibited
paid/unpaid
install/uninstall
add insert append/remove delete subtract
create make build/delete destroy drop
encrypt/decrypt
encode/decode
compress zip/decompress unzip extract
lock/unlock
mount/unmount
push/pull
send/receive
read/write
buy purchase/sell
borrow/lend
love like/hate dislike
accept approve allow permit grant/reject deny refuse forbid prohibit block revoke
show display reveal/hide conceal
connect/disconnect
attach/detach
subscribe/unsubscribe
follow/unfollow
mute/unmute
merge join combine/split separate divide
expand/collapse
include/exclude
freeze/thaw unfreeze melt
heat warm/cool chill
arrive arrival/depart departure leave
enter/exit
rise rising/fall falling
always/never
first/last
input/output
client/server
ascending/descending
horizontal/vertical
internal/external
public/private
local/remote
old/new
young/old
cheap cheapest/expensive
fast faster fastest quick/slow slower slowest
hot/cold
high higher highest/low lower lowest
large larger largest big bigger biggest/small smaller smallest
long longer longest/short shorter shortest
good better best/bad worse worst
more/less fewer
strong stronger/weak weaker
early earlier/late later
easy easier/hard harder difficult
safe/dangerous unsafe
true/false
advantage pro pros benefit/disadvantage con cons drawback
cause/cure prevent treat
teacher/student
parent/child
buyer/seller
front/back
inside/outside
above over/below under
up/down
left/right
on/off
with/without
man men/woman women
boy boys/girl girls
male/female
he him his/she her hers
husband/wife
mother/father
son/daughter
brother/sister
king/queen
legal/illegal
possible/impossible
positive/negative
plus/minus
multiply/divide
multiplication/division
addition/subtraction
credit/debit
asset/liability
sunrise/sunset
day/night
morning/afternoon/evening/night
winter/spring/summer/autumn
north northern/south southern/east eastern/west western
first/second/third/fourth/fifth/sixth/seventh/eighth/ninth/tenth
monday/tuesday/wednesday/thursday/friday/saturday/sunday
january/february/march/april/may/june/july/august/september/october/november/december
today/tomorrow/yesterday
hourly/daily/weekly/monthly/quarterly/yearly annually annual
last previous/next
red/green/blue/yellow/black/white/orange/purple/pink/brown
breakfast/lunch/dinner
did/will
half/third/quarter
single/double/triple
once/twice/thrice
hundred/thousand/million/billion/trillion
"""

UNITS: Final = """
km kilometer kilometers kilometre kilometres/mile miles/meter meters metre metres/foot feet/inch \
inches/cm centimeter centimeters centimetre centimetres/mm millimeter millimetre/yard yards
kg kilo kilos kilogram kilograms/pound pounds lb lbs/gram grams/ounce ounces oz/ton tons tonne \
tonnes/mg milligram milligrams
celsius/fahrenheit/kelvin
liter liters litre litres/gallon gallons/ml milliliter milliliters millilitre/pint pints/cup cups\
/tablespoon tablespoons/teaspoon teaspoons
second seconds/minute minutes/hour hours/day days/week weeks/month months/year years/decade decades\
/century centuries
kb kilobyte kilobytes/mb megabyte megabytes/gb gigabyte gigabytes/tb terabyte terabytes
dollar dollars usd/euro euros eur/yen jpy/pound pounds gbp sterling/rupee rupees inr/franc francs \
chf/yuan cny
watt watts/kilowatt kilowatts kw/megawatt megawatts mw
degree degrees/radian radians
percent percentage/absolute
bit bits/byte bytes
calorie calories/joule joules
"""

# Names that are often written small.
NAMES: Final = """
python/java/javascript/typescript/rust/golang/ruby/php/perl/scala/kotlin/swift/haskell/julia/matlab\
/sql/bash/powershell
windows/linux/macos mac/android/ios/ubuntu/debian/fedora
mysql/postgres postgresql/sqlite/oracle/mongodb/redis/mariadb
chrome/firefox/safari/edge/opera
google/apple/microsoft/amazon/facebook/netflix/twitter/instagram/whatsapp
excel/word/powerpoint/outlook
iphone/android
react/angular/vue/svelte
docker/kubernetes
git/svn/mercurial
aws/azure/gcp
tcp/udp
http/ftp/ssh
france/germany/italy/spain/portugal/england/scotland/ireland/wales/sweden/norway/denmark/finland\
/poland/austria/switzerland/belgium/netherlands/greece/turkey/russia/ukraine/china/japan/india\
/pakistan/australia/canada/mexico/brazil/argentina/chile/egypt/kenya/nigeria/usa america/uk britain\
/korea/vietnam/thailand/indonesia/iran/iraq/israel/singapore
paris/london/berlin/rome/madrid/lisbon/vienna/zurich/dublin/oslo/stockholm/moscow/tokyo/beijing\
/delhi/mumbai/sydney/toronto/chicago/boston/york
mercury/venus/mars/jupiter/saturn/uranus/neptune/pluto
gold/silver/copper/iron/zinc/lead
dog dogs/cat cats/horse horses/rabbit rabbits/bird birds
beef/pork/chicken/fish/lamb/turkey
coffee/tea/milk/juice/beer/wine
aspirin/ibuprofen/paracetamol/acetaminophen
"""

# What a question is after, and how much of it.
KINDS: Final = """
why reason reasons/how/when/where/who whom whose
many/much/long/often/far/old
"""

Table = Mapping[str, Sequence[tuple[int, int]]]


def groups(lines: str) -> Table:
    """For each stem its groups, and which rival of each it belongs to."""
    table: dict[str, list[tuple[int, int]]] = {}
    for number, line in enumerate(lines.strip().splitlines()):
        for rival, words in enumerate(line.split("/")):
            for word in words.split():
                table.setdefault(stem(word), []).append((number, rival))
    return MappingProxyType(table)


def clash(one: frozenset[str], other: frozenset[str], table: Table) -> bool:
    """Whether each of two sets of stems has a rival of what the other has alone."""
    mine, others = _rivals(one, table), _rivals(other, table)
    return any(
        mine[group] - others[group] and others[group] - mine[group]
        for group in mine.keys() & others.keys()
    )


def _rivals(stems: frozenset[str], table: Table) -> dict[int, set[int]]:
    found: dict[int, set[int]] = {}
    for word in stems & table.keys():
        for group, rival in table[word]:
            found.setdefault(group, set()).add(rival)
    return found
