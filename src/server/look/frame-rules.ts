/** The rules of style for text and for what stands around a page. */

export const frameRules = `
*,::before,::after{box-sizing:border-box} [hidden]{display:none!important}
html{font:100%/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Open Sans",sans-serif;background:var(--paper);color:var(--ink);-webkit-text-size-adjust:100%}
body{margin:0;min-height:100vh;display:flex;flex-direction:column}
h1,h2,h3,p,li,dd,td,th,label,legend,summary,strong{overflow-wrap:anywhere}
h1{font-size:var(--text-title);line-height:1.2;letter-spacing:-.02em;font-weight:700;margin:0 0 var(--s-5)}
h2{font-size:var(--text-lead);line-height:1.3;letter-spacing:-.01em;font-weight:650;margin:0 0 var(--s-2)}
h3{font-size:var(--text);line-height:1.4;margin:0 0 var(--s-1)}
p{margin:0 0 var(--s-2)} p:last-child{margin-bottom:0}
ul,ol{padding-left:1.3rem;margin:0 0 var(--s-3)} li{margin:var(--s-1) 0}
a{color:var(--act);text-underline-offset:.18em;text-decoration-thickness:1px} a:hover{color:var(--actOver);text-decoration-thickness:2px}
:focus-visible{outline:3px solid var(--act);outline-offset:2px;border-radius:4px} main:focus{outline:0}
.icon{width:1.125em;height:1.125em;flex:none;fill:none;stroke:currentColor;stroke-width:2;stroke-linecap:round;stroke-linejoin:round;vertical-align:-.2em}
.unseen{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.skip{position:absolute;left:var(--s-4);top:-6rem;z-index:2;background:var(--card);padding:var(--s-2) var(--s-4);border-radius:0 0 var(--round-small) var(--round-small)} .skip:focus{top:0}
.head{background:var(--card);border-bottom:1px solid var(--line)}
.bar{display:flex;flex-wrap:wrap;align-items:center;gap:0 var(--s-2);min-height:3.75rem;padding:var(--s-2) var(--s-4)}
.practice{display:flex;align-items:center;gap:var(--s-3);margin:0;font-size:var(--text-lead);letter-spacing:-.01em;line-height:1.25;flex:1 1 8rem;min-width:0} .practice strong{font-weight:700;min-width:0}
.mark{flex:none;display:grid;place-items:center;width:2.25rem;height:2.25rem;border-radius:.7rem;background:var(--act);color:var(--onAct);font-weight:700;font-size:1.125rem}
.reach{display:flex;flex-wrap:wrap;align-items:center;justify-content:space-between;gap:0 var(--s-2)} .reach form,.bar>.choices{margin-right:-.5rem} .reach form{margin-left:auto}
.phone{display:inline-flex;align-items:center;gap:var(--s-2);min-height:var(--touch);font-weight:600;text-decoration:none;white-space:nowrap} .phone:hover{text-decoration:underline}
.offices{margin:0;padding:0;list-style:none;display:flex;flex-wrap:wrap;gap:0 var(--s-4)}
.menu{padding:0 var(--s-3)} .menu ul{list-style:none;margin:0;padding:0;display:flex;flex-wrap:wrap;gap:0 var(--s-1)} .menu li{margin:0}
.menu a{position:relative;display:inline-flex;align-items:center;gap:var(--s-2);min-height:var(--touch);padding:0 var(--s-2);color:var(--soft);font-weight:600;text-decoration:none;border-radius:var(--round-small)}
.menu a:hover{color:var(--ink);background:var(--sunk)} .menu a[aria-current]{color:var(--act)}
.menu a[aria-current]::after{content:"";position:absolute;left:var(--s-2);right:var(--s-2);bottom:0;height:3px;border-radius:3px 3px 0 0;background:var(--act)}
.patient .menu .icon{display:none}
.count{display:inline-grid;place-items:center;min-width:1.5rem;height:1.5rem;padding:0 .4rem;border-radius:1rem;background:var(--act);color:var(--onAct);font-size:var(--text-small);font-weight:700;line-height:1}
.family{display:flex;flex-wrap:wrap;align-items:center;gap:var(--s-2) var(--s-3);padding:var(--s-2) var(--s-4);background:var(--actTint);border-top:1px solid var(--line)}
.family label{margin:0;font-weight:600} .family select{flex:1 1 6rem;width:auto;min-width:0;max-width:22rem} .family button{margin:0}
main{flex:1 0 auto;width:100%;padding:var(--s-5) var(--s-4) var(--s-6)}
.foot{color:var(--soft);font-size:var(--text-small);border-top:1px solid var(--line);padding:var(--s-3) var(--s-4) var(--s-5)}
.foot .row{justify-content:space-between} .foot .choices{margin-left:-.5rem} .foot .choices span{margin-left:.5rem} .foot p{margin:0}
.choices{display:flex;flex-wrap:wrap;align-items:center;gap:0 var(--s-1);margin:0}
.patient .head>*,.patient main,.patient .foot>*{width:100%;max-width:44rem;margin-inline:auto} .patient .head>.family{max-width:none;padding-inline:max(var(--s-4),calc((100% - 44rem)/2 + var(--s-4)))}
.patient .foot{padding-inline:0} .patient .foot>*{padding-inline:var(--s-4)}
@media (min-width:40rem){h1{font-size:2rem} main{padding-top:2.25rem}}
@media (max-width:30rem){.reach{flex:1 1 100%}
.patient:not(.bare) .bar:not(.offices){display:grid;grid-template:"mark name out" auto "mark phone out" auto/auto minmax(0,1fr) auto;align-items:center;gap:0 var(--s-3);min-height:0;padding-bottom:var(--s-1)} .patient:not(.bare) .practice,.patient:not(.bare) .reach{display:contents} .patient:not(.bare) .mark{grid-area:mark} .patient:not(.bare) .practice strong{grid-area:name;font-size:var(--text);line-height:1.25} .patient:not(.bare) .reach form{grid-area:out} .patient:not(.bare) .bar .phone{grid-area:phone;min-height:1.5rem;font-size:var(--text-small)}
.patient .menu{padding:0 var(--s-1)} .patient .menu ul{justify-content:space-between;gap:0} .patient .menu a{flex-direction:column;gap:.15rem;padding:.4rem .25rem .5rem;font-size:.6875rem;line-height:1.2;min-width:2.75rem} .patient .menu ul:has(li:nth-child(6)) a{padding-left:0;padding-right:0;font-size:.65rem;letter-spacing:-.01em;min-width:2.5rem} .patient .menu .icon{display:block;width:1.4rem;height:1.4rem} .patient .menu .count{position:absolute;top:.15rem;left:calc(50% + .25rem);min-width:1.15rem;height:1.15rem;padding:0 .25rem;font-size:.7rem}}
@media (min-width:64rem){
.desk{display:grid;grid-template:auto 1fr auto/16rem minmax(0,1fr)} .desk .head{grid-area:1/1/2/3} .desk .menu{grid-area:2/1/4/2;background:var(--card);border-right:1px solid var(--line);padding:var(--s-4) var(--s-3)}
.desk .menu ul{flex-direction:column;gap:2px;position:sticky;top:var(--s-4)} .desk .menu a{display:flex;padding:var(--s-1) var(--s-3);line-height:1.3} .desk .menu a .count{margin-left:auto}
.desk .menu a[aria-current]{background:var(--actTint)} .desk .menu a[aria-current]::after{left:0;right:auto;top:.6rem;bottom:.6rem;width:3px;height:auto;border-radius:3px}
.desk main{grid-area:2/2/3/3;padding:2.25rem 2.5rem;max-width:76rem} .desk .foot{grid-area:3/2/4/3;padding-inline:2.5rem} .desk .bar{padding-inline:var(--s-5)}
.desk.bare main,.desk.bare .foot{grid-column:1/3} .desk.bare main{max-width:32rem;margin-inline:auto}}
@media (max-width:63.99rem){.desk .menu{background:var(--card);border-bottom:1px solid var(--line)}}
@media (prefers-reduced-motion:no-preference){a,button,.menu a{transition:background-color .12s,color .12s,border-color .12s}}
@media (forced-colors:active){.mark,.count,.badge{border:1px solid} .menu a[aria-current]::after{background:Highlight}}
@media print{.skip,.menu,.family,.foot,.reach form,form button{display:none} .card{break-inside:avoid}}
`
