namespace ApiShield.Proxy.Simulation;

/// <summary>The fields that the simulator can talk about.</summary>
internal static class Topics
{
    public static Topic[] All { get; } =
    [
        // Software
        new(
            """
            service/services cache/caches query/queries function/functions test/tests schema/schemas worker/workers index/indexes handler/handlers
            release/releases interface/interfaces buffer/buffers thread/threads branch/branches dependency/dependencies log/logs error/errors
            variable/variables class/classes loop/loops database/databases server/servers parser/parsers
            """,
            """
            cache/caches/caching deploy/deploys/deploying validate/validates/validating retry/retries/retrying profile/profiles/profiling
            refactor/refactors/refactoring monitor/monitors/monitoring serialize/serializes/serializing compile/compiles/compiling
            replace/replaces/replacing wrap/wraps/wrapping trace/traces/tracing sort/sorts/sorting
            """,
            "asynchronous idempotent stateless generic concurrent verbose immutable typed slow shared lazy nested redundant stable"),
        // Cooking
        new(
            """
            sauce/sauces dough/doughs onion/onions recipe/recipes oven/ovens spice/spices broth/broths pan/pans herb/herbs marinade/marinades
            crust/crusts filling/fillings knife/knives vegetable/vegetables grain/grains lemon/lemons soup/soups bread/breads
            """,
            """
            simmer/simmers/simmering season/seasons/seasoning roast/roasts/roasting whisk/whisks/whisking chop/chops/chopping
            knead/kneads/kneading taste/tastes/tasting drain/drains/draining reduce/reduces/reducing serve/serves/serving cook/cooks/cooking
            """,
            "crisp tender savoury fresh bitter smoky creamy sharp golden rich warm dry delicate sweet"),
        // Money
        new(
            """
            budget/budgets invoice/invoices loan/loans account/accounts fund/funds payment/payments price/prices market/markets ledger/ledgers
            forecast/forecasts expense/expenses asset/assets contract/contracts customer/customers margin/margins supplier/suppliers refund/refunds
            order/orders subscription/subscriptions
            """,
            """
            audit/audits/auditing balance/balances/balancing finance/finances/financing track/tracks/tracking negotiate/negotiates/negotiating
            insure/insures/insuring approve/approves/approving estimate/estimates/estimating settle/settles/settling reconcile/reconciles/reconciling
            """,
            "fixed monthly outstanding variable prudent quarterly taxable liquid recurring conservative net volatile"),
        // Body and training
        new(
            """
            muscle/muscles habit/habits workout/workouts joint/joints breath/breaths meal/meals injury/injuries routine/routines symptom/symptoms
            exercise/exercises stretch/stretches nutrient/nutrients interval/intervals goal/goals posture/postures
            """,
            """
            strengthen/strengthens/strengthening train/trains/training rest/rests/resting measure/measures/measuring support/supports/supporting
            improve/improves/improving protect/protects/protecting restore/restores/restoring stretch/stretches/stretching
            """,
            "steady gradual healthy sore balanced restful moderate daily intense gentle sustainable light"),
        // Sky and space
        new(
            """
            planet/planets star/stars orbit/orbits telescope/telescopes galaxy/galaxies comet/comets crater/craters satellite/satellites
            spectrum/spectra probe/probes nebula/nebulae moon/moons eclipse/eclipses rocket/rockets signal/signals
            """,
            """
            observe/observes/observing measure/measures/measuring illuminate/illuminates/illuminating attract/attracts/attracting
            map/maps/mapping photograph/photographs/photographing launch/launches/launching heat/heats/heating shape/shapes/shaping
            """,
            "distant faint massive luminous rocky icy dense ancient elliptical visible cold dusty"),
        // Gardens
        new(
            """
            seed/seeds soil/soils root/roots leaf/leaves flower/flowers harvest/harvests shrub/shrubs compost/composts frost/frosts bed/beds
            pollinator/pollinators tomato/tomatoes branch/branches season/seasons garden/gardens plant/plants tree/trees
            """,
            """
            prune/prunes/pruning water/waters/watering plant/plants/planting mulch/mulches/mulching shade/shades/shading feed/feeds/feeding
            transplant/transplants/transplanting shelter/shelters/sheltering trim/trims/trimming
            """,
            "hardy moist sunny perennial loose native fragrant fertile shady early compact thirsty"),
        // The past
        new(
            """
            treaty/treaties empire/empires archive/archives trade_route/trade_routes city/cities council/councils reform/reforms
            chronicle/chronicles dynasty/dynasties invention/inventions border/borders merchant/merchants war/wars law/laws harbour/harbours
            """,
            """
            govern/governs/governing record/records/recording expand/expands/expanding fortify/fortifies/fortifying oppose/opposes/opposing
            unite/unites/uniting tax/taxes/taxing rebuild/rebuilds/rebuilding inherit/inherits/inheriting
            """,
            "medieval coastal rival prosperous fragile maritime rural imperial contested local early lasting"),
        // Journeys
        new(
            """
            train/trains ticket/tickets itinerary/itineraries museum/museums trail/trails hotel/hotels ferry/ferries map/maps village/villages
            border_crossing/border_crossings guide/guides festival/festivals view/views market/markets coast/coasts mountain/mountains trip/trips
            """,
            """
            visit/visits/visiting book/books/booking explore/explores/exploring pack/packs/packing cross/crosses/crossing plan/plans/planning
            connect/connects/connecting reach/reaches/reaching recommend/recommends/recommending
            """,
            "scenic remote busy affordable quiet historic direct crowded charming seasonal short memorable"),
    ];
}
