"""Twelve pictures of 96x64 in bare video streams with pictures coded out of order; picture n (from 0) shows n + 1 white boxes.

Made with FFmpeg: libx264 (bf=3, g=8), libx265 (bframes=3, keyint=8), mpeg2video (bf=2, g=8); zlib and base 85.
"""

from __future__ import annotations

import base64
import zlib

from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from PySide6.QtGui import QImage
from support.objects import bare_object

SYNTAXES = {"mpeg2": "1.2.840.10008.1.2.4.100", "h264": "1.2.840.10008.1.2.4.102", "h265": "1.2.840.10008.1.2.4.107"}
PICTURES = 12
_STREAMS = {
    "h264": (
        "c-oCrX;2eq7!HD>s8#W*BCu$+MJ4P81VmPdoQ`4<D^PKao6RO!v&n8Y3rU=*fFja@Qi>wu)mlMoB|wqG(V=3|8Y|GENU>Bdm7zdODI$2(?YE?@GyT;+-#*`aJkR$"
        "Yvm%kmPNfhz72l6omM#+6iyVZ*8WfeEAObFR|HIphYXO)vk>?A34*#X5=YCXm{>oP9{*vDYO%gv}$P2=0mVgkyRRBhbfyp~MCOp#17m~(>0-u7wfg_Y=%oL&IAPE"
        "fncu8Q15Uu7oCeYj4Xf%qGNd-Yum`+TyDsO>Ttmd>7h@lydq;-Zs2*>0Yjv^3CC{Z6sLC7f@*Puus90)_04x`Kl0)<UJfv^cdd>}1>stFThNRk8O4>1NaNCl^iRi"
        "KC%21($6w4{kp$OJ|NWXM=dry@|q55m<ft;J*@6@fUGpeWJ+P=F~wfpY-hdMyfrCt!-*w2nX}$Vvo(l$e2&F$N9E2oW{{JtL!)N&~^6UJ{5?vmiqtqG(!!sli3|+"
        "Ge0goOo@3Assuefs<N{6W&4UID(}x5CrUUDv8C+GMv^j7zge+Xc5O^qz+JkKo%2Xlq{wt44_$Z8Dj>RRG<=oF$Km5Rmf#>5)+gZBuk9fWh6+Inv(-WGlWj2q8Z?|"
        "85xkOA<Tdq4fq?#w4_dWI8NvYJc&bnVQ5@h=qF1U)F79|W&hR+@>m?jStX>EgPsZ{feR|}5yOyPC<KMYegHB8?f4fnp?<3YFmMEe`a&cF1_YJ?%nwLmdN6xolA=_"
        "wo<wH4NL4j+?ln<LXGhkbh466O!=_GC?PzXG-aDeDgN=#rCfh^S70oeQ$41R*$=~j|b#U&lnG+X%kaN_h#WN0aXiGcpI{Lo7r&22Hz4X{(Dl#R%jp6yAzFxQZ*si"
        "iQO|DFZoul?_ttmDfuHf`H5^J|hr-VOH?Y366M|=~emfuS%yf80q5|?~MTHSwskNEl_3q|y#-)M5o`%+-FJ0&$wOX=F#`7G<4{{ov%Sdd4aXS#8#D7)M8h5xJP_I"
        "diTl`rW#XFu7u8nR!Pw3RzlKC8NYQ?-k8)mM!{n^k=&kJY)ZP?q{$8uEPd_1J-of^-L3TAAgNnssTqrfhq$wV|@D*OaVj9jPB`J}_`QC$_QHCXeq5b-&#0k`UF=W"
        "m8wK@0zh}%fuj~hodHi59(LD#Xq+qJL2Fq0WV5Qry1)*&UmaX59ax`onht0eQ!BEttfSI3LBkPT6D^uc6J-t8@Ksw%A+oVqi=BK-M*%;Bc?>Q+;yMRWBuusw#lZt"
        "AE=&mT3&KR*QdA19vGLM@Fu_Fy=tE4M@o)fOqJXvMwZ{{y!L(SxyoJbxf{kq|Ie?9$lNPh!2fsnEo9o@5{ro19UQ?te389qPn6<Sk6TDX+`J#_EDl3UKhCgtG+Hi"
        "N`tlsZ_$E7N=Q;W7Mj&Wr&=0rS&#Lm<H<mHYhoi4mo_JIrm~h?@JCwoHx!$@^qwDW4^XnZ6E$(>yB5MBQSryg0KDSTttddWaCM2o{7e;K+7dCVtH$y`vXS35M9E+"
        "P8T$gZFNkKl_O02^l<uaRQ-z7IDo<2c0K0D<;<K(_=m;Oi|+n|ARBKJCIMrXD!JDS>D@SXe9HCNtvwxj6aDq@o6{1g8pc@vOrmYT84Ax@E|n4yLT@&Bypx=-h%rd"
        "{QS&rI4ERT%SO^c$0lP7nNEuk4=j$kaMEJAd=d;Q{BT(EN+N@$hx6hay9<@Pa0Idsu<@ahHVU#m8$x*B7O}-cIBG6*=o$F-IGH==gRb{CwnA3g44`_(*?-)xoZ`W"
        "$J<aolnAFZt2lqa)=(z?EMRA%ZvX"
    ),
    "h265": (
        "c-muNU|@7$<YD~(pD}@fftg_fhyWtFsZ%%^fO1ZZjA#-I3>sOdg+;2Ide+bY5&#lBEg+>Xj0cOhC^-OG8jR~@8#e!M6k1)zefr{y_IrC<R89zfiu!qx*}S9Q=xwR"
        "r=Dlsp8oMvfTO+?gQfUeMjx3wA*9-%qCMx|%4%ZTroM?W{m+i3Elno$rnHVn!hPN2@IYhJm$vE$&taIi^(v?kfn)e)TT7L4-&$7*p-iE5SyL9f%WOd37I`;2h`ZS"
        "#@5<C|BPg`6O3Vrx%vGWe4ZIg~j@8YxDe(^)(X%(}#EJoLq1=QL*mn|t+dw!Dm{DtAic)z|putQ68b6fPQ+#^!g`-3NJT2$Vuk^k%e<nu>9f1Sau@Mm^~;*!5c$7"
        "`h;&O{nktkVADdhqn^^{e;zJ?7h=mb+q>6z|l~lG&lo23wBY`{8r0fn(2Rq0f6tKz?9ge4w(wP2|9xIcH89T!i{c@oKG$LGlLu{eQJipDFUqk^8QYr)XYqCX8ptq"
        "ri9P7#qtziSD$vZ~y=8jr_$U0;?WM^Qp>7XuX{@=l1zkpJ%yxJe~Jh<iwu1KM`fi{^kfTNt8I6ce)~A!>+rlIp@9#?wOT;NzKOAqP+RD@T)cFnUnIE8=!7U+xpi{"
        "#Nl=rQ+s6t)G-EAL%$0gNZt@%&i3TG=2HRZZ<_@-Xp2=;XCD2OUj01(;^}4TcO3qTW_gL93k}RL(0==Ddyd7n8xHqtR=nC0vMFr4se@JC`mCBI6O(IVeby=nU5E("
        "0%E{288T(!E_Obx=)ytjqzh)Ykb*-8wpZGg(vb5!)%M6>ZR)0MiwmA8v&doy?zO#AyE6lvKsmM`ep4*D2ReaLd#kVvVK;67ZH~hOq;6L-<Z6|kWx2(Qde}I7&X;+"
        "JJjY5=?x<o@#*}mP~>=$=GtCY$)Gi}bK3)>6%Cnm&OJp6r4;z_={hwzC9Y|9JhBye)}1>5;(#m@0^zhbJ&yLyvw>Xe+o{omKI<lX3qc)IqHto8QAeRZO{{=S(lwE"
        "uv*?e4A1i>;15ihgo9-mUU`KtaP}v$D^U)|yt|PbA2_T9?E6o|kz;MdY4Kr=pMNBt8Coz?1o}H|M#?<Czyc-g25eXP#;I$o7)PPH7vZM|1QhRtVWTvA<a$u=wt;B"
        "HjfPdnD!Gn1+PCy{6XI(!E*p-j1>y&$(A)VvaM1^vhYg^-kl|obJ{8^y22ST_+7ry<axVLH)-gZ`<}yY1Z{Qixf^QTKptneF<L%Z?l+ddCz6zoS@W69})|0C}dr`"
        "b@nm;k`*uZ{<!2dXX=p#soQINrkPBMl#9605ISY^1q)@12B92@gK<*pUz%Kv+4;{*AwqIh8z^`M7#}<WN8ii0g&{oYS0>+qrn*3I#*VN5|0Q;6!QX(j$w8l*UUO&"
        "`zE2O`+q?d<beahJO5L9<T>C0Lm!xjAuf1BnMOUyqYX9uro8mQB%Zp|NJ>40fqQ{k_SGDc@LnY_`N?O0(Z}hoSD`hhGE7Q+qc4f0x>4k?Z`TM~3z6$e>23@r?QOR"
        "N%_vgoFvt|9?rXVysd}gqs_2H$m`O#C|j(fHVPYn{zmKE48BcPmm7n1TGf^+V_{nz;dOe~8Wpe~R6`c>dy-+@@Ce<m?K6536_YHr<}r||U2?tKr=>|Xz87W*T~Gc"
        "(>b002nuTU!"
    ),
    "mpeg2": (
        "c-qZaZB!Ijntt!C>h9_f=z?yb1+l9^u@RKk;CF;-P$YobF>Zp<9m@>IVB(q{$5AK8$n6#hMqOJaNHXSF$><CwX6zV~kWZ_PlS546v{^^d&BV^GZpcVH#9-vR_f|t"
        "bHS=S4e=O&os&1;Q>b>uMp67ku3xHnMf@q0GBTfMHiuDOVK>tt+a3F&E#T@Ncuk4I|?I!dCvU~-;ZrRtX__c}#Qpi}C26w;|C}0H+j$wHcs?@(vJbbi6dvfAtXbq"
        "2Czv7;^yCnAwQi6kJgJeD`Z^gPlW7}xRWC_n6{}O3>Cu9sJbFhxHvs_^VEJR)`xiK&T<7GOFq6BdoNy4(lA~rjS6PjxCt8F%B-|4F>-uca@Z7i%~3tM2e-X76QSv"
        "c+M19MI-+?A4DHhby8?1VK92WHd2v8AUSyI3)v=*4v8(JFC@jM}thA_K_*@_v3(IeIDoxs~ElL$WQcDgVG|$Mg$t9GT4t9UKHW`A+?^PvJvL&8h48^~Xz~o<~(Yv"
        "_Sy1Sz$G_A%enM*~JLSyb>qc_uM5;%}TDwH6o9tu5P_)yi-5-!HsX8{!vtFkUWiyvGnZ7F5T8}Fk`~PhWgjb7G_)-`YO<i>_55)a6a0nuF5Mu`|$E4hT-dkrPsWF"
        "n6m+H?y~i7c&&ni7S4XZI)p|}n8ArNxWW%(<07~JB4ogwkN|pQV<C?&U>Hry1g8xJ^><14GgZ|*zRb_6N`Usn!YT{Y?c5;rDw(KqOpQ1e4qir(gqW*H_a)NxhB%F"
        "zWfc~*%GN=mlcvH<C}brAI^%3WlDTBZ#3N_cw}xOGvfOYBn$R8n8P4vA3Z_m`1(T3MvRGaiMpIrl@MMuz%s~@f2EPpxef=-BXcw7&?erfX4sr!SPPtdVEUZ_uAB~"
        "9Ja&aGFr2vLTED3L~owGqeUIDcUn_7gyN&$Ho340iUCaf0D@+2R+;1jGcl1_HOMy}=>Y{b$eEyc!aPKx)OSnM3Ve7sB0v<khgnJ7GFQ|nk{Qqu?>ob)^g3-$I>`k"
        "FW3Jr=Dwj9`LWcg}5#_vL)!p2kUHib^G%7<NVb4%KdX<L;}%a<D8F?{UmvVFGJD&%#U=#<AuPU=nM;2&=#WJd7f#IHiZof-sHC%S4!PF`@}*GWi0G?Br^`DYup3c"
        "eRaEj<T?n<=3(BPpl`KJ#qzd*h^pdz~}>m8{$J?@Ijnt3bA^UMmfw1I--@g3`%BkG906T?T1c2s<6UX1|;ZE6T7=^x6*QEi|Mcr62wG5<YExOLMEeWIG~}NjuS_c"
        "6-YwuCbzB+l1RIW*rB}%W8MKS4o3OJbZZ$3TeGa#|A2OT>fXGA1-FawFtNdCD1|UIAz4qX;6yGYGsHy3!<~p|<e8|=28HNCK0De~6qWfsVsrclV@QW#PdU14a;A2"
        "BaZ+Fhh6$LPiD8`IY4zWCoh11m={o0w6vU?cAjxetxN~|$LuhKRq%tdU%`}xmLnnY`(Y}@#TM{foY)O5!PZu3LcvMkWEcMuuT=k~Z#mVYTLnna!x4-F#{Hy47O#y"
        "I(BUZop8p(oIRE;7ih+0s)14=crE+RoUD=cD_$D`sDyt#xdDra4q;yBx@X%UeLi)?2xLo~2!K-oJWq<lOS#mfa`0(c?9fQHz3k`6N*V23J(D(iC2wCAn^a@wA9{H"
        "&af5AM0^Q0ly_#=!2rnJY>zHVd)nk5<N_kDUPRy;UG))%5>6bm){r(N|>jdB#iqpUvO8F9z8UdF15_oP1~zU$`_8RwYK)qFN4LxsQTsjvLZ_=D$;bxifp*xtwBCN"
        "Q&UQD%9)5U423mJGn_PHgISShvswpx9efPe*f{set5!9wch?$zwWAEjPq9}5SI^@zCehPka(reAQO$St6$#RC!1C(u_bHek(Doyk-&JcS7a%K4Pb>PIEz}fk{=Tt"
        "altX2ID-*%ia{9#wRPOGE}U3xMQ3Kq>8NO>wDf7;@3oE(+UKfKQ(Q2A4-MnOH?{X+L5u@YL)6g^SfU3O45F0?kPluI5Tf5f9Xd>4C*$DJ@3HPlZ!AY`Nm*9S)~&Y"
        "uhbj*@wDZ`>7npeH;0r7H!dzYq@?sMTQl$~O!uQ}IZrOi9CnFjmF2rg@Gcxx>(XiUkVwRn|+-cmN>bcm;vx|6l8((lZK|GLnyaAdmHGg2?2^Jnx1;c!fg~_b_?2u"
        "vz!27xQA<4KC&f+j5xd*+&nz7G>2oqE_qb#)?zgv<#iE2ieH8-<R$(j`ys~(Er01|11_2^)PpEJNHILX%pktd$CqE0O9h~V(^4Ai1_E4o1Q>MNq9v5DsO*;DNcZk"
        "tz;a56E19#V-#l@I|uaDY{`BwnOC*8#Isj?aj39PWiKcC?_9oL2PsZDUBgVUH1?Ji9%0V(u@>CjXGM$o?(=5;KSS7lSrVeY1-%u=41wgu<#ssJ0Y7-`E%<z?-YcW"
        "N6KQZn^1L-8Y}GV173)veZD9GKu_(dv+I>7me(=*7%o**xM;;0Eab-hNO_G4w8pBq)73KSY&dHre=e5tgLqI=phwFjxOifFAx2TF#hllsdcNG3<q{>No6dMV@o{K"
        "zQ5sTjTS><I<xctx6yhXd^ZRkem(JHxfaWt2V~4M-q}%+k<%a@?AWD&j>d9I&du7?o9APCaSami+-_W{Cw14USU|l-+BG0F;e-^VJBMtBP);wJrpco-YUb>fTwyg"
        "=c#adtaY7cw&lGk+7tEw`+J?F_!4toAwrqq)^H=WJwC$Y|4tco!&+B1=e*b3)8@*z`N9-2dw9W^NiUo5#jGzV3j#K)9K93QSNK=!>Z9*a&OO`V7=7aaV(#F~=St*"
        "A-(#}S#Z+nG}9>;)!U8M-hk&FMu8yV3Fen_X%h0Rx}1}%ks5P??s1p0X*;IKhaG~(DSpI96Xrtx(<7)JcnQx{g<JmdSx+^A~^Kz(ANk{CV4PHk`5)?@pji@Kh3<D"
        ";I`jQ>NEN_=05b$Z}J0*mtcME9m`^~XOFI3FatA&%(j%81%X94*M{@DKyEu$ZX4_T)D(YnE4?P=ZNlTJ?k86Caa?b?ZNPNu58W6D!tTfsxpJo#tT$tfIB9(@~>vq"
        "HKf1CKM=!z__B+e3O;gyW*b0ciPoi*La6!tyHj6cd_P5R?J~{e!(hy{c+)zm@i{U8hQ_;!AL4^^gUIunmUi}*n65sK(on5ilg3f#Wt6zk*Qn1<kjPMFUw@1nO*Q#"
        "mZY$M>8w9)fbGNHynzZe_2!>YZ{DVrV=0VzbG<Yr%Ua<yBGFQ(U17@RxRQ07-mDZh2L&u<kj^nR8yMHTXwFrcX7TZxLs`sa75Ag<+xibcJ>nS|i#pMRf{f&ZwMaH"
        "WtEN_%G%ss6Sv@cJ>B<y*u&(ZA-1uz$f(KW<a3*G0Mq{TL-*=PT!Cty93rx`A7qL(ph4R5Lf9bjZ$opEpC4kmTe|n_#%utJPo%p&U97!kCp{2n@S_9e)G+7TZJR="
        "!7v8t(J3~9ri>6UUFSrk-03~d?X$Ugni-pAxvQHdmo8xoJdg#ua8Cp&{GSq3DPEQFGUj2z|)&%*u4GXf5?mld^qFb~*5q^df8=F8ci_PTz6*aLH}vanbk=2I|QJx"
        "DaoEetSn9R0W&tyJ;!6~&X+NY)LfT1^PY&3$mw3#YLz6kBP(?h0ipjx9BX6lBtVA+H;Om7zW}4aL@4#Z)r$_=+V3vTEoz^1`48m1-2dkLAEb;uLepI7m%Gl8+cj#"
        "XKz6fs7yE&&ZM#|Ld7AK7ASM&Z&dT!kod+8~o;P2q(scECUcvR>4~8{}n59ba5^Yk22XFKDq3Cth8N2R-G@WPZ@z9=~*_Ng-x^wLpDn_$sS?tm!T!51GDMf%Q~qW"
        ")r#X_DkIb(VNsn+8sXICUi;%C>;5+ym$0dwFW9F-xzGs>^nmIauU0WZypoUVQBYIsqQ(2<iOM)K0iAILb2Z}pm?p?$MqIdlq(tSH-8;;$R?4sbFG{y{NyI3`P^6N"
        "~MN|HXVMqh$N|jO+%^O1-qt5g_WjNvqhEIRC<ynWm<ID56K~c}gyHa{{Z}abldJ^kfzmD7@LdUb|63>QqO3iT6@XJXx!@JN*)!Eht(=26K4I1Uy<-XT9mlYLRp84"
        "JLU7|l;p_26kqdYkfF@>h~KbLn^rruFyrZ2N!WoGejdGQ9Bjf16wfeK_iK{8_SoI?AJbs9(`Qz$6cqUIP))vR6q*c12u7V0>ZMeJwKKJ%`z4Bvg>(uDUo`(aue!N"
        "b`bz{?f3A}^v&jv9GoOB5WKNI2-yx=mO-#8rn~p7?)$s$wuB`V$Fyi`+uw00)bP9!w{_h7+dI2M17#hUg-(2g_BooNJMJKsjWRlu4EGBmTDfVn&bk`=&qU5WaIlm"
        "OF+GN32D`sf*w7wZoE!f<xU)?8}$;#+=9f;%n6@ksmid|M2c^=6v*>Pj#K>NTdtK_s16wx_u|1)Fo`P38+OKgI*z8?Wn1Sdb*U=94#VisCn=*fs&}lhNwB;0NG=9"
        "E1jp7JjR6KwTnZZsb6;_TJu6-i0KT0C1n0evEsQmaix(g!@AF~?gFNq%4SI-8%%){@D`QUfJsb-2a0Ig+6`nB#i-f<nM@YF+5j1`Pj=#i+Pd{wmf|vf&i2&FXu4f"
        "YA=6<Es>fkdD>ZWI0mZD`p*qfEby|I`L!RQ$@|z)Ob-JFav*@=7#-xAUWGR=+j~P2-jxOcrcT=ih*5#7IQRDv&)-s)oU`CrxD$pz#coEFglXiY?SbHzgwbXz9%Re"
        "8DbuqW?{<Q+)bN_Qm+>4u2qFb%M-TB_VzFMeQj#fAHs=t2m<d#VZhlY9}#a7e*USe|lT%v1w;`3i`nUoW%g$37y?A_0xmrFA=`(9%@zun$JVROg>SNZ&vQ2P6`%A"
        ">=ro!3S5J++!QED@2DWA4c1W>neNMp)w45X{pF%Z{2RA!<`Gu8o*Mq{c=W&5KoRL^4row(-%+FCBQUQv7(KAQ}Vi8-Wr=E*l8U$Ehte!t;sN_e)}15Ah-9Mo4#^H"
        "ixv3B$5%aod>O4i)0;ra5B}JS%_mIRL_}+1qCM2BzlWsO<m&q?o9nk-;Z}t9wxN0+<aBot`nc^6ZWyLST_*)E}^cUCiG9=CiL#U@K3jbe$#UR*#z7w(7xQs1jh~6"
        "sbHM=fELC(NGd7JN>o-=IGa4ln2a@<KC~_5`RyG8>w<2bB(h`<ij)m@YNg)|-klV=P1maK_aK7lFXKQ@QlW{qRm1|R)UCJDzD%*f{Y)_3M;NNAVo@=h*NgP|2GVh"
        "~GF~~9AGGdS=&C+BaWNMba3m%i%^AMZF*Qz9nH8NU(dPShJ041m(U*R%0XaI<f4p1(l*8YU1W2IVvi}V#P(TfdktkimMG!EGW<^1r)LZF&=0UPbqul|`jhtktOP#"
        "oCYHUA(O+6N)?mz($olNwRIvp5LW}h#wSIqk#Zd5e>H}2dT^#"
    ),
}


def bare_stream(codec: str) -> bytes:
    """The stream itself."""
    return zlib.decompress(base64.b85decode(_STREAMS[codec]))


def video_object(codec: str, data: bytes | None = None, frames: int = PICTURES) -> Dataset:
    """A video endoscopic image that holds the stream, or other bytes, in one fragment."""
    ds = bare_object("77.1.1.1", "ES")
    ds.Rows, ds.Columns, ds.NumberOfFrames = 64, 96, frames
    ds.SamplesPerPixel, ds.PhotometricInterpretation, ds.PlanarConfiguration = 3, "YBR_PARTIAL_420", 0
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 8, 8, 7, 0
    ds.CineRate, ds.FrameTime = 25, "40"
    ds.PixelData = encapsulate([bare_stream(codec) if data is None else data])
    ds["PixelData"].VR = "OB"
    return ds


def transport_stream(data: bytes, times: list[int], units: list[int], pid: int = 0x101) -> bytes:
    """Units of a stream in packets, as ISO 13818-1 2.4.3 has them: adaptation fields fill the last packet of each."""
    packets, counter = [], 0
    for begin, end, time in zip(units, [*units[1:], len(data)], times, strict=True):
        stamp = bytes([0x21 | time >> 29 & 14, time >> 22 & 255, time >> 14 & 254 | 1, time >> 7 & 255, time << 1 & 254 | 1])
        rest, first = b"\0\0\1\xe0\0\0\x80\x80\x05" + stamp + data[begin:end], 0x40
        while rest:
            part, rest = rest[:184], rest[184:]
            fill = 184 - len(part)
            field = b"" if not fill else bytes([fill - 1]) + (b"\0" + b"\xff" * (fill - 2) if fill > 1 else b"")
            head = bytes([0x47, first | pid >> 8, pid & 255, (0x30 if fill else 0x10) | counter % 16])
            packets += [head + field + part, b"\x47\x1f\xff\x10" + bytes(184)]
            first, counter = 0, counter + 1
    return b"".join(packets)


def program_stream(data: bytes, times: list[int], units: list[int]) -> bytes:
    """Packs with one unit each (ISO 13818-1 2.5.3)."""
    out = [b"\0\0\1\xbb\0\x0a" + bytes(10)]
    for begin, end, time in zip(units, [*units[1:], len(data)], times, strict=True):
        stamp = bytes([0x21 | time >> 29 & 14, time >> 22 & 255, time >> 14 & 254 | 1, time >> 7 & 255, time << 1 & 254 | 1])
        body = b"\x80\x80\x05" + stamp + data[begin:end]
        out += [b"\0\0\1\xba\x44" + bytes(8) + b"\xf8", b"\0\0\1\xe0" + len(body).to_bytes(2, "big") + body]
    first, *rest = out
    return b"".join([rest[0], first, *rest[1:]]) + b"\0\0\1\xb9"


def boxes(image: QImage) -> int:
    """How many white boxes a picture shows."""
    places = [(14 + 22 * (n % 4), 11 + 20 * (n // 4)) for n in range(PICTURES)]
    return sum(image.pixelColor(x, y).lightness() > 180 for x, y in places)
