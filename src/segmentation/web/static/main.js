// The page: its parts, and how it begins.

import {Activity} from "./activity.js";
import {commands} from "./commands.js";
import {prepareControls} from "./controls.js";
import {prepareDialogs} from "./dialogs.js";
import {Hand} from "./hand.js";
import {describe as describeAll} from "./heading.js";
import {prepareKeyboard} from "./keyboard.js";
import {addTips} from "./keys.js";
import {prepareLearning} from "./learn.js";
import {Looks} from "./looks.js";
import {notice} from "./notice.js";
import {prepareOffline} from "./offline.js";
import {Overview} from "./overview.js";
import {Queue} from "./queue.js";
import {keep, settings} from "./settings.js";
import {SmartBrush} from "./smart_brush.js";
import {Tools} from "./tools.js";
import {View} from "./view.js";
import {unsent} from "./work.js";

const at = id => document.getElementById(id);
const describe = () => describeAll({queue, view, work: hand.work, summary: overview.summary});

const view = new View(at("stage"), at("picture"), at("cursor"));
const activity = new Activity();
const queue = new Queue(photo => hand.show(photo));
const hand = new Hand(view, queue, activity, {
  describe,
  refresh: () => overview.refresh(),
  look: () => overview.look(),
  note: work => overview.note(work),
  decided: () => overview.count(),
  shown: () => smartBrush.prepare(),
  letGo: () => tools.cancel(),
  isPainting: () => Boolean(tools.brush),
  nothing: () => tools.nothing,
});
const tools = new Tools(view, hand, settings);
const smartBrush = new SmartBrush(tools, hand);
const overview = new Overview(view, queue, hand, describe);
const looks = new Looks(view, settings, {keep, notice, changed: describe, edited: () => Boolean(queue.current?.undo)});

const parts = {view, tools, looks, queue, hand, smartBrush, settings, keep, describe};
const actions = commands(parts);
prepareKeyboard(actions, parts);
prepareControls(actions, parts);
prepareDialogs(() => activity.report());
prepareLearning();
prepareOffline(() => overview.goOn());
addTips();
addEventListener("beforeunload", event => { if (unsent.size) event.preventDefault(); });

view.resize();
tools.choose("pointer");
await overview.refresh();
hand.show(overview.firstOpen).then(() => smartBrush.look());
window.review = {view, tools, queue, get work() { return hand.work; }, get isSeen() { return hand.isSeen; }, show: photo => hand.show(photo)};  // for tests and the curious
